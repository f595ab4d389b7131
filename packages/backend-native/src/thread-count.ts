/**
 * How many threads to use by default: the processors that the process may run on, or fewer where its control group
 * (a container's limit, say) grants less time than that. More threads than granted processors only wait for each other.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { posix } from "node:path";

/** The text of a file, or undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

/** Threads for this process. */
export function defaultThreadCount(): number {
  const quota = process.platform === "linux" ? processorQuota(readText) : undefined;
  const processors = availableParallelism();
  return quota === undefined ? processors : Math.max(1, Math.min(processors, Math.round(quota)));
}

/** Processors' worth of time that the process's control groups grant it, of version 1 or 2; undefined without a limit. */
export function processorQuota(read: ReadText): number | undefined {
  const quotas: number[] = [];
  for (const line of read("/proc/self/cgroup")?.split("\n") ?? []) {
    const [, controllers, path] = line.match(/^\d+:([^:]*):(.*)$/) ?? [];
    if (controllers === undefined) continue;
    const unified = controllers === "";
    if (!unified && !controllers.split(",").includes("cpu")) continue;
    const roots = unified ? ["/sys/fs/cgroup"] : [`/sys/fs/cgroup/${controllers}`, "/sys/fs/cgroup/cpu"];
    // A group is bound by those above it too. In a container its path may be the host's, and only the root is there.
    for (const root of roots) {
      for (const group of withParents(path)) {
        const quota = unified ? unifiedQuota(read, root + group) : legacyQuota(read, root + group);
        if (quota !== undefined) quotas.push(quota);
      }
    }
  }
  return quotas.length > 0 ? Math.min(...quotas) : undefined;
}

/** "/a/b" gives "/a/b", "/a" and "". */
function withParents(path: string): string[] {
  const groups: string[] = [];
  for (let group = posix.normalize(path); group !== "/" && group !== "."; group = posix.dirname(group))
    groups.push(group);
  return [...groups, ""];
}

/** Version 2: "max 100000", or microseconds per period. */
function unifiedQuota(read: ReadText, directory: string): number | undefined {
  const [quota, period] = (read(`${directory}/cpu.max`) ?? "").trim().split(/\s+/).map(Number);
  return quota > 0 && period > 0 ? quota / period : undefined;
}

/** Version 1: microseconds in one file, the period in another, -1 for no limit. */
function legacyQuota(read: ReadText, directory: string): number | undefined {
  const quota = Number(read(`${directory}/cpu.cfs_quota_us`));
  const period = Number(read(`${directory}/cpu.cfs_period_us`));
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
