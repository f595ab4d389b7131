/** Kernels that are done part by part, against the same one after the other on whole arrays. */
import { openNative } from "@sconce/backend-native";
import {
  type Backend,
  batchNormTraining,
  compile,
  instanceNorm,
  layerNorm,
  type OpRequest,
  type Tensor,
  tensor,
  vjp,
  withBackend,
} from "@sconce/core";
import { describe, expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import type { PartsAttributes } from "../../src/claims/parts.ts";
import { floats } from "../support/floats.ts";

type Run = (...inputs: Tensor[]) => Tensor[];

/** The results, and the sequences that were joined. */
async function results(run: Run, inputs: () => readonly Tensor[], threads: number, optimize = true) {
  const native = (await openNative({ threads, optimize })) as Backend;
  const joined: PartsAttributes[] = [];
  const watched: Backend = {
    ...native,
    ...(native.optimize && {
      optimize: (draft, claim) =>
        native.optimize!(draft, (request: OpRequest) => {
          if (request.op === "parts") joined.push(request.attributes as PartsAttributes);
          return claim(request);
        }),
    }),
  };
  try {
    return await withBackend(watched, async () => {
      const outputs = await compile(run)(...inputs());
      return { joined, arrays: (await Promise.all(outputs.map((output) => output.data()))) as Float32Array[] };
    });
  } finally {
    await native.close?.();
  }
}

function expectClose(got: readonly Float32Array[], expected: readonly Float32Array[]): void {
  got.forEach((result, i) => {
    const scale = Math.max(...expected[i].slice(0, 1000).map(Math.abs).filter(Number.isFinite), 1);
    const wrong = result.findIndex(
      (value, j) => !Object.is(value, expected[i][j]) && !(Math.abs(value - expected[i][j]) <= 2e-5 * scale),
    );
    expect(wrong < 0 ? undefined : [wrong, result[wrong]], `result ${i}`).toBe(
      wrong < 0 ? undefined : expected[i][wrong],
    );
  });
}

const batchNormStep: Run = (x, weight, bias, cotangent) => {
  const { output, mean, variance } = batchNormTraining(x, { weight, bias });
  return [output, mean, variance, ...vjp(output, [x, weight, bias], cotangent)];
};
const batchNormInputs = (shape: readonly number[]): Tensor[] => [
  floats(shape, 1),
  floats([shape[1]], 2),
  floats([shape[1]], 3),
  floats(shape, 4),
];

const cases: readonly (readonly [title: string, inputs: () => Tensor[], run: Run, parts: number])[] = [
  ["batch normalization", () => batchNormInputs([4, 40, 60, 61]), batchNormStep, 40],
  ["small planes, several channels at once", () => batchNormInputs([9, 1203, 7, 7]), batchNormStep, 1203],
  ["as many images as channels", () => batchNormInputs([33, 33, 23, 29]), batchNormStep, 33],
  ["results larger than the caches", () => batchNormInputs([3, 67, 113, 113]), batchNormStep, 67],
  [
    "layer normalization and its gradient",
    () => [floats([1031, 700], 1), floats([1031, 700], 2)],
    (x, cotangent) => {
      const output = layerNorm(x, 700);
      return [output, ...vjp(output, [x], cotangent)];
    },
    1031,
  ],
  ["instance normalization", () => [floats([5, 37, 91, 91], 1)], (x) => [instanceNorm(x)], 5 * 37],
];

describe.runIf(testsNative)("parts", () => {
  test.each(cases)("%s", async (_, inputs, run, parts) => {
    const both = await results(run, inputs, 2);
    expect(both.joined.map((each) => each.parts)).toEqual([parts]);
    const alone = await results(run, inputs, 1);
    expect(both.arrays).toEqual(alone.arrays);
    expectClose(both.arrays, (await results(run, inputs, 1, false)).arrays);
  });

  test("NaN and infinity stay in their channels", async () => {
    const [x, ...others] = batchNormInputs([4, 40, 60, 61]);
    const data = Float32Array.from((await x.data()) as Float32Array);
    const plane = 60 * 61;
    data[3 * plane + 2500] = Number.NaN;
    data[(40 + 7) * plane + 5] = Number.POSITIVE_INFINITY;
    const { joined, arrays } = await results(batchNormStep, () => [tensor(data, { shape: x.shape }), ...others], 2);
    expect(joined).toHaveLength(1);
    const [output, mean, variance, gradient] = arrays;
    for (const channel of [3, 7]) {
      expect(output[channel * plane]).toBeNaN();
      expect(variance[channel]).toBeNaN();
      expect(gradient[channel * plane]).toBeNaN();
    }
    expect(mean[3]).toBeNaN();
    expect(mean[7]).toBe(Number.POSITIVE_INFINITY);
    const finite = (values: Float32Array, at: (channel: number) => number): boolean =>
      Array.from(
        { length: 40 },
        (_, channel) => channel === 3 || channel === 7 || Number.isFinite(values[at(channel)]),
      ).every(Boolean);
    expect([mean, variance].every((values) => finite(values, (channel) => channel))).toBe(true);
    expect([output, gradient].every((values) => finite(values, (channel) => channel * plane))).toBe(true);
  });

  test("a single sum over all parts is left out", async () => {
    const run: Run = (x) => {
      const rows = x.sub(x.mean({ axes: 1, keepAxes: true }));
      const squares = rows.square().sum({ axes: 1 });
      return [rows, squares, squares.mul(2).sum()];
    };
    const given = (): Tensor[] => [floats([64, 20_000], 1)];
    const { joined, arrays } = await results(run, given, 2);
    expect(joined.map(({ parts }) => parts)).toEqual([64]);
    expectClose(arrays, (await results(run, given, 1, false)).arrays);
  });

  test("sums over the parts themselves are left out", async () => {
    const run: Run = (x) => {
      const rows = x.sub(x.mean({ axes: 1, keepAxes: true }));
      return [rows, rows.square().sum({ axes: 0 })];
    };
    const given = (): Tensor[] => [floats([2048, 600], 1)];
    const { joined, arrays } = await results(run, given, 2);
    for (const { stages } of joined) expect(stages.length).toBeLessThanOrEqual(2);
    expectClose(arrays, (await results(run, given, 1, false)).arrays);
  });
});
