/** The side of the child process: answers each line `{"work": name}` by running that work once. */
import { createInterface } from "node:readline";
import { type Work, workloads } from "../workloads.ts";

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

/** A line of output. */
export type Reply =
  | {
      readonly milliseconds: number;
      readonly answer: readonly number[];
      /** What a reader should know of how it was run. */
      readonly note?: string;
    }
  | { readonly error: string }
  /** Why it cannot be measured here. */
  | { readonly unavailable: string };

/** What is to be measured is not to be had here: no fault of the benchmark. */
export class Unavailable extends Error {}

/** Serves until standard input ends. A work is prepared by its first line, outside the time. */
export async function serve(prepare: (work: Work) => Promise<Task>): Promise<void> {
  const tasks = new Map<string, Task>();
  const runOnce = async (name: string): Promise<Reply> => {
    const task = tasks.get(name) ?? (await prepare(workloads[name].work));
    tasks.set(name, task);
    const start = performance.now();
    const result = await task.run();
    const milliseconds = (performance.now() - start) / (task.repeats ?? 1);
    return { milliseconds, answer: await task.answer(result) };
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
