/** The embedded digits, cut into training and test images, always the same way. */
import type { HostArray } from "@sconce/core";
import { type Subset, splitDataset } from "@sconce/data";
import { digits } from "@sconce/data/digits";

/** Images float32 [1, 8, 8] with ink from 0 to 1, and their labels. */
export type DigitSet = Subset<Readonly<Record<"images" | "labels", HostArray>>>;

/** 1,437 images to train on, and 360 that training never sees. */
export function digitSets(): { readonly training: DigitSet; readonly test: DigitSet } {
  const [training, test] = splitDataset(digits(), [1437, 360], { seed: 0 });
  return { training, test };
}
