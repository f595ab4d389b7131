/** Splits of a dataset, into training and test examples for instance. */
import { ArgumentError } from "@sconce/core";
import { type Dataset, Subset } from "./dataset.ts";
import { permutation } from "./permutation.ts";

export interface SplitOptions {
  /** Decides who goes where; the same seed always gives the same parts. Default 0. */
  readonly seed?: number;
  /** Whether the examples are shuffled before the cut. Default true. */
  readonly shuffle?: boolean;
}

/**
 * Cuts a dataset into parts that share no example: `splitDataset(dataset, [1437, 360])` by sizes that add up to its length, or
 * `splitDataset(dataset, [0.8, 0.2])` by fractions that add up to 1. Examples left over by rounding go to the first parts.
 */
export function splitDataset<Example>(
  dataset: Dataset<Example>,
  parts: readonly number[],
  { seed = 0, shuffle = true }: SplitOptions = {},
): Subset<Example>[] {
  const sizes = sizesOf(dataset.length, parts);
  const order = shuffle
    ? permutation(dataset.length, seed, "split")
    : Uint32Array.from({ length: dataset.length }, (_, i) => i);
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return new Subset(dataset, order.subarray(end - size, end));
  });
}

function sizesOf(length: number, parts: readonly number[]): number[] {
  const total = parts.reduce((sum, part) => sum + part, 0);
  const positive = parts.every((part) => part >= 0);
  if (positive && total === length && parts.every(Number.isInteger)) return [...parts];
  if (positive && Math.abs(total - 1) < 1e-9) {
    const sizes = parts.map((part) => Math.floor(part * length + 1e-9));
    const rest = length - sizes.reduce((sum, size) => sum + size, 0);
    return sizes.map((size, i) => (i < rest ? size + 1 : size));
  }
  throw new ArgumentError(
    `splitDataset: [${parts.join(", ")}] adds up to ${total}; give sizes that add up to ${length} (the length of the dataset) ` +
      "or fractions that add up to 1.",
  );
}
