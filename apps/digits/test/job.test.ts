import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBackend, registerBackend } from "@sconce/core";
import { expect, test } from "vitest";
import type { JobOptions } from "../src/arguments.ts";
import { chooseBackend, describeBackends } from "../src/backend.ts";
import { runJob } from "../src/job.ts";
import { smallSets } from "./small-sets.ts";

const folder = mkdtempSync(join(tmpdir(), "digits-"));
const report = join(folder, "r.html");
const options: JobOptions = {
  epochs: 1,
  batchSize: 32,
  learningRate: 0.005,
  seed: 0,
  report,
  backend: "cpu",
  quiet: false,
};

/** The lines that a job prints. */
async function linesOf(changes: Partial<JobOptions>, signal?: AbortSignal): Promise<string[]> {
  const lines: string[] = [];
  await runJob({ ...options, ...changes }, { print: (line) => lines.push(line), sets: smallSets(), signal });
  return lines;
}

test("prints the backend, progress, the confusion matrix, and the test accuracy last", async () => {
  const lines = await linesOf({});
  expect(lines[0]).toMatch(/^backend: cpu, 1 thread \(plain JavaScript/);
  expect(lines[1]).toMatch(/^not used: .*native/);
  expect(lines[2]).toMatch(/^not used: wasm/);
  expect(lines[3]).toBe("160 images to train on, 40 to test, 38,266 parameters, seed 0");
  expect(lines.join("\n")).toContain("predicted    0");
  expect(lines.at(-2)).toBe(`report: ${report}`);
  expect(lines.at(-1)).toMatch(/^test accuracy: \d+\.\d %$/);
  expect(readFileSync(report, "utf8")).toContain(lines.at(-1)?.replace("test accuracy: ", '<p class="score">'));
});

test("quiet, it prints the test accuracy only", async () => {
  expect(await linesOf({ quiet: true })).toEqual([expect.stringMatching(/^test accuracy: /)]);
});

test("interrupted, it still writes the report and the last line", async () => {
  const lines = await linesOf({ epochs: 5, report: join(folder, "early.html") }, AbortSignal.timeout(1));
  expect(lines.at(-1)).toMatch(/^test accuracy: /);
  expect(readFileSync(join(folder, "early.html"), "utf8")).toContain("of 5, interrupted");
});

test("a report that cannot be written is an error, and the last line comes all the same", async () => {
  const lines: string[] = [];
  mkdirSync(join(folder, "taken"), { recursive: true });
  const job = runJob(
    { ...options, report: join(folder, "taken") },
    { print: (line) => lines.push(line), sets: smallSets() },
  );
  await expect(job).rejects.toThrow("taken");
  expect(lines.at(-1)).toMatch(/^test accuracy: /);
});

test("tells why backends are not used", async () => {
  const cpu = await openBackend("cpu");
  registerBackend("broken", () => Promise.reject(new Error("no adapter was found")));
  registerBackend("spare", async () => ({ ...cpu, name: "spare" }));
  const lines = await describeBackends(await chooseBackend("cpu"));
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(/^not used: (native, which is slower|openBackend: backend "native" did not open)/),
    "not used: wasm, which is slower or was not asked for",
    'not used: openBackend: backend "broken" did not open: no adapter was found',
    "not used: spare, which is slower or was not asked for",
  ]);
});
