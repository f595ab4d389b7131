/** The side of the child process: answers each line `{"work": name}` by running that work once. */
import { createInterface } from "node:readline";
import type { Run } from "../timing.ts";
import { type Work, workloads } from "../workloads.ts";
import type { GpuCounts, GpuMeter } from "./gpu-meter.ts";

/** A work made ready to run. */
export interface Task<Result = unknown> {
  /** Runs it once, to completion. */
  run(): Result | Promise<Result>;
  /**
   * Numbers of the result, in an order on which all libraries agree; none where there is nothing to compare. Frees it too.
   * Not timed.
   */
  answer(result: Result): readonly number[] | Promise<readonly number[]>;
  /** How many times `run` does the work; 1 by default. */
  readonly repeats?: number;
}

/** What is told of a run. */
export interface Report extends Run {
  /** What it asked of WebGPU, where that is counted. */
  readonly counts?: GpuCounts;
}

/** A line of output. */
export type Reply =
  | Report
  | { readonly error: string }
  /** Why it cannot be measured here. */
  | { readonly unavailable: string };

/** What is to be measured is not to be had here: no fault of the benchmark. */
export class Unavailable extends Error {}

/**
 * Serves until standard input ends. `open` comes before the first work, and may give what counts; a work is prepared by
 * its first line, outside the time.
 */
export async function serve(
  prepare: (work: Work) => Promise<Task>,
  open?: () => Promise<GpuMeter | undefined>,
): Promise<void> {
  const tasks = new Map<string, Task>();
  let opened: Promise<GpuMeter | undefined> | undefined;
  const runOnce = async (name: string): Promise<Reply> => {
    opened ??= open?.();
    const meter = await opened;
    const task = tasks.get(name) ?? (await prepare(workloads[name].work));
    tasks.set(name, task);
    meter?.start();
    const start = performance.now();
    const result = await task.run();
    const milliseconds = (performance.now() - start) / (task.repeats ?? 1);
    const counted = meter && { counts: meter.counts() };
    return { milliseconds, answer: await task.answer(result), ...counted };
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const { work } = JSON.parse(line) as { readonly work: string };
    const reply = await runOnce(work).catch(
      (error: Error): Reply =>
        error instanceof Unavailable ? { unavailable: error.message } : { error: error.stack ?? String(error) },
    );
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}
