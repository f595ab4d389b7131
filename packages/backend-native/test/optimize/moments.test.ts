/** Means and variances that one kernel finds together, against the same as two loop nests. */
import { openNative } from "@sconce/backend-native";
import {
  type Backend,
  batchNormTraining,
  conv2d,
  layerNorm,
  mean,
  type Tensor,
  tensor,
  variance,
  vjp,
} from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { resultsOn } from "../support/compiled.ts";

function wave(shape: readonly number[], step: number, offset = 0): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, (_, i) => Math.sin(i * step) + offset);
  return tensor(data, { shape });
}

const both = (axes: number | readonly number[]) => (x: Tensor) => [mean(x, { axes }), variance(x, { axes })];

const cases: readonly (readonly [title: string, inputs: () => Tensor[], run: (...inputs: Tensor[]) => Tensor[]])[] = [
  ["rows", () => [wave([70, 1100], 0.7)], both(-1)],
  ["one long row", () => [wave([300_001], 0.7)], both(0)],
  ["columns", () => [wave([333, 77], 0.7)], both(0)],
  ["many columns", () => [wave([40, 1000], 0.7)], both(0)],
  ["a tall column block", () => [wave([40_000, 19], 0.7)], both(0)],
  ["channels of images", () => [wave([5, 6, 7, 9], 0.7)], both([0, 2, 3])],
  ["a mean far from zero", () => [wave([4, 5000], 0.7, 10_000)], both(-1)],
  [
    "means that jump from block to block",
    () => [
      tensor(
        Float32Array.from({ length: 60_000 }, (_, i) => (i % 9000 < 2100 ? 1000 : -0.5) + Math.sin(i)),
        {
          shape: [3, 20_000],
        },
      ),
    ],
    both(-1),
  ],
  [
    "a few elements far from all others",
    () => [tensor(Float32Array.from({ length: 200_000 }, (_, i) => (i < 300 ? 1e4 : Math.sin(i) / 100)))],
    both(0),
  ],
  [
    "an infinity",
    () => [tensor(Float32Array.from({ length: 4000 }, (_, i) => (i === 5 ? Number.POSITIVE_INFINITY : i)))],
    both(0),
  ],
  [
    "batch normalization behind a convolution, and its gradients",
    () => [wave([4, 8, 12, 10], 0.7), wave([40, 8, 3, 3], 0.3), wave([40], 0.4), wave([4, 40, 10, 8], 0.9)],
    (x, kernel, weight, cotangent) => {
      const { output, mean, variance } = batchNormTraining(conv2d(x, kernel), { weight });
      return [output, mean, variance, ...vjp(output, [x, kernel, weight], cotangent)];
    },
  ],
  ["layer normalization", () => [wave([6, 7, 130], 0.7)], (x) => [layerNorm(x, 130)]],
];

test.runIf(testsNative).each(cases)("%s", async (_, inputs, run) => {
  const claimed: string[] = [];
  const results = async (native: Backend, threads: number): Promise<Float32Array[]> => {
    const watched: Backend = {
      ...native,
      ...(native.optimize && {
        optimize: (draft, claim) =>
          native.optimize!(draft, (request) => {
            claimed.push(request.op);
            return claim(request);
          }),
      }),
    };
    expect(native.capabilities.threads.count).toBe(threads);
    return resultsOn(watched, run, inputs);
  };
  const got = await results((await openNative({ threads: 2 })) as Backend, 2);
  expect(claimed).toContain("moments");
  const alone = await results((await openNative({ threads: 1 })) as Backend, 1);
  const expected = await results((await openNative({ threads: 1, optimize: false })) as Backend, 1);
  got.forEach((result, i) => {
    expect(result).toEqual(alone[i]);
    const scale = Math.max(...expected[i].map(Math.abs).filter(Number.isFinite), 1);
    result.forEach((value, j) => {
      if (Object.is(value, expected[i][j]) || Math.abs(value - expected[i][j]) <= 1e-5 * scale) return;
      expect(value, `result ${i} at ${j}`).toBe(expected[i][j]);
    });
  });
});
