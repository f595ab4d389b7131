/** The default number of threads follows the limits of control groups. */
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { defaultThreadCount, processorQuota } from "../src/thread-count.ts";

const quotaOf = (files: Readonly<Record<string, string>>): number | undefined => processorQuota((path) => files[path]);

describe("processorQuota", () => {
  it("knows no limit where there are no control groups", () => {
    expect(quotaOf({})).toBeUndefined();
  });

  it("reads cpu.max of version 2", () => {
    const files = { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "250000 100000\n" };
    expect(quotaOf(files)).toBe(2.5);
    expect(quotaOf({ ...files, "/sys/fs/cgroup/cpu.max": "max 100000\n" })).toBeUndefined();
  });

  it("takes the tightest of a group and those above it", () => {
    const files = {
      "/proc/self/cgroup": "0::/user.slice/job.scope\n",
      "/sys/fs/cgroup/user.slice/cpu.max": "100000 100000\n",
      "/sys/fs/cgroup/user.slice/job.scope/cpu.max": "400000 100000\n",
    };
    expect(quotaOf(files)).toBe(1);
  });

  it("reads the two files of version 1, where the controllers share a directory too", () => {
    const line = "12:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n";
    const root = "/sys/fs/cgroup/cpu,cpuacct";
    const files = { [`${root}/cpu.cfs_quota_us`]: "150000\n", [`${root}/cpu.cfs_period_us`]: "100000\n" };
    expect(quotaOf({ "/proc/self/cgroup": line, ...files })).toBe(1.5);
    expect(quotaOf({ "/proc/self/cgroup": line, ...files, [`${root}/cpu.cfs_quota_us`]: "-1\n" })).toBeUndefined();
  });

  it("does not stumble over text that is something else", () => {
    expect(quotaOf({ "/proc/self/cgroup": "nonsense\n0::/\n", "/sys/fs/cgroup/cpu.max": "\n" })).toBeUndefined();
  });
});

it("is at least one and at most the processors", () => {
  expect(defaultThreadCount()).toBeGreaterThanOrEqual(1);
  expect(defaultThreadCount()).toBeLessThanOrEqual(availableParallelism());
});
