/** What a model writes for given sources, and how often all of it is right. */
import { greedySearch, type SequenceToSequence } from "@sconce/models";
import { batchOf, textOf } from "./alphabet.ts";
import type { Example, Task } from "./tasks/task.ts";

export interface Written extends Example {
  readonly written: string;
  /** How much each character that was written took of each of the source, which has `sourceLength`; attention only. */
  readonly weights?: readonly (readonly number[])[];
}

/** Decodes all examples, `batch` at a time. */
export async function write(
  model: SequenceToSequence,
  task: Task,
  examples: readonly Example[],
  batch = 100,
): Promise<Written[]> {
  const results: Written[] = [];
  for (let first = 0; first < examples.length; first += batch) {
    const part = examples.slice(first, first + batch);
    const { source, lengths } = batchOf(task, part);
    const found = await greedySearch(model, source, { lengths, maximumLength: task.targetLength + 1 });
    results.push(...part.map((example, n) => ({ ...example, ...found[n], written: textOf(task, found[n].tokens) })));
  }
  return results;
}

/** The share of examples that are right in every character. */
export function exactMatch(results: readonly Written[]): number {
  return results.filter(({ written, target }) => written === target).length / results.length;
}
