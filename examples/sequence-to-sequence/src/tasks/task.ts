/** What a task is, and how its examples are split: a target is either trained on or held out, in all its forms. */
import type { Random } from "../random.ts";

export interface Example {
  readonly source: string;
  readonly target: string;
}

export interface Task {
  readonly name: string;
  /** Every character of sources and targets. */
  readonly characters: string;
  /** The characters of the longest source and of the longest target. */
  readonly sourceLength: number;
  readonly targetLength: number;
  /** One example, drawn at random. */
  example(random: Random): Example;
}

export type Part = "training" | "heldOut";

/** `count` examples of one part. */
export function drawExamples(task: Task, part: Part, count: number, random: Random): Example[] {
  const examples: Example[] = [];
  while (examples.length < count) {
    const example = task.example(random);
    if (partOf(example) === part) examples.push(example);
  }
  return examples;
}

/** One target in ten is held out, by a hash (FNV-1a) of its characters. */
export function partOf({ target }: Example): Part {
  let hash = 0x811c9dc5;
  for (const character of target) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0 < 2 ** 32 / 10 ? "heldOut" : "training";
}
