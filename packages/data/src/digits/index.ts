/**
 * Handwritten digits that need no download: 1,797 images of 8x8 pixels.
 *
 * Data: "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository,
 * https://doi.org/10.24432/C50P49, licensed under CC BY 4.0.
 */
import { TensorDataset } from "../tensor-dataset.ts";
import { codeLengths, labels, values } from "./packed.ts";
import { unpack } from "./unpack.ts";

/**
 * The digits: `images` float32 [1797, 1, 8, 8] with ink from 0 to 1 in steps of 1/16, and `labels` int32 [1797] from
 * 0 to 9. An example has one image [1, 8, 8] and its label.
 */
export function digits(): TensorDataset<"images" | "labels"> {
  const classes = Int32Array.from(labels.trim().replaceAll("\n", ""), Number);
  const ink = Float32Array.from(unpack(values, codeLengths, classes.length * 64), (value) => value / 16);
  return new TensorDataset({ images: { data: ink, shape: [classes.length, 1, 8, 8] }, labels: classes });
}
