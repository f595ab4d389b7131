// A few of the digits, for tests that train.
import { Subset } from "@sconce/data";
import { type DigitSet, digitSets } from "../src/digit-sets.ts";

export function smallSets(): { training: DigitSet; test: DigitSet } {
  const { training, test } = digitSets();
  return {
    training: new Subset(training.source, training.indices.subarray(0, 160)),
    test: new Subset(test.source, test.indices.subarray(0, 40)),
  };
}
