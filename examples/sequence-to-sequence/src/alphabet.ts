/** Characters as tokens: 0 starts a target, 1 ends it and fills up shorter ones, and a task's characters follow. */
import { type Tensor, tensor } from "@sconce/core";
import type { Example, Task } from "./tasks/task.ts";

export const startToken = 0;
export const endToken = 1;

/** A batch of N examples as the model takes it, int32. */
export interface Batch {
  /** [S, N]. */
  readonly source: Tensor;
  /** [N]: the characters of each source. */
  readonly lengths: Tensor;
  /** [T + 1, N], with at least one end token each. */
  readonly target: Tensor;
}

export function vocabularyOf(task: Task): number {
  return task.characters.length + 2;
}

export function batchOf(task: Task, examples: readonly Example[]): Batch {
  const columns = (texts: readonly string[], length: number): Tensor =>
    tensor(
      Array.from({ length }, (_, t) => texts.map((text) => (t < text.length ? tokenOf(task, text[t]) : endToken))),
      { dtype: "int32" },
    );
  const sources = examples.map(({ source }) => source);
  return {
    source: columns(sources, task.sourceLength),
    lengths: tensor(
      sources.map(({ length }) => length),
      { dtype: "int32" },
    ),
    target: columns(
      examples.map(({ target }) => target),
      task.targetLength + 1,
    ),
  };
}

/** What tokens spell; a start token, which no target holds, is written as "?". */
export function textOf(task: Task, tokens: readonly number[]): string {
  return tokens.map((token) => task.characters[token - 2] ?? "?").join("");
}

function tokenOf(task: Task, character: string): number {
  const index = task.characters.indexOf(character);
  if (index < 0) throw new Error(`The task ${task.name} has no character "${character}".`);
  return index + 2;
}
