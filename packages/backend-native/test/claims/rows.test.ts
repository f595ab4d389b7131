/** Softmax, the gradient of embeddings, and joining, against the same on loop nests. */
import type { Tensor } from "@sconce/core";
import {
  concatenate,
  conv2d,
  embedding,
  grad,
  logSoftmax,
  maxPool2d,
  multiply,
  relu,
  setDefaultBackend,
  softmax,
  sum,
  tensor,
} from "@sconce/core";
import { describe, expect, it } from "vitest";
import { openNative } from "../../src/index.ts";

const native = await openNative({ threads: 2 });
const nests = await openNative({ threads: 2, claims: false });

function wave(shape: readonly number[], step: number, scale = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => scale * Math.sin(i * step)),
    { shape },
  );
}

async function compare(run: () => readonly Tensor[]): Promise<void> {
  const results: Float32Array[][] = [];
  for (const backend of [native, nests]) {
    setDefaultBackend(backend);
    results.push((await Promise.all(run().map((result) => result.data()))) as Float32Array[]);
  }
  const [got, expected] = results;
  got.forEach((result, i) => {
    expect(result.length).toBe(expected[i].length);
    for (let j = 0; j < result.length; j++) {
      const [value, wanted] = [result[j], expected[i][j]];
      if (Object.is(value, wanted) || Math.abs(value - wanted) <= 1e-5 * (1 + Math.abs(wanted))) continue;
      expect(value, `result ${i} at ${j}`).toBe(wanted);
    }
  });
}

describe("rows", () => {
  it.each([
    [[4, 10], -1],
    [[3, 1], -1],
    [[2, 3, 1111], 2],
    [[5, 7, 3], 1],
    [[70000], 0],
  ] as const)("softmax and its logarithm of %o along axis %i, with gradients", (shape, axis) =>
    compare(() => {
      const x = wave(shape, 0.7, 20);
      const weights = wave(shape, 0.3);
      return [softmax, logSoftmax].flatMap((normalize) => {
        const y = normalize(x, axis);
        return [y, ...grad(sum(multiply(y, weights)), [x])];
      });
    }),
  );

  it("a row with a NaN is all NaN, as is one that is nowhere finite", () =>
    compare(() => {
      const rows = [1, 2, Number.NaN, 3, 1, 2, Number.NEGATIVE_INFINITY, 3].concat(
        Array(4).fill(Number.NEGATIVE_INFINITY),
      );
      const x = tensor(Float32Array.from(rows), { shape: [3, 4] });
      return [softmax(x), logSoftmax(x)];
    }));

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "%d anywhere in long rows, whose results are stored past the caches",
    (special) =>
      compare(() => {
        const length = 1001;
        const values = Float32Array.from({ length: 3300 * length }, (_, i) => 20 * Math.sin(i * 0.7));
        for (let row = 0; row < 3300; row += 3) values[row * length + ((row * 7) % length)] = special;
        const x = tensor(values, { shape: [3300, length] });
        return [softmax(x), logSoftmax(x)];
      }),
  );

  it.each([
    [20, 5, 7],
    [300, 200, 128],
    [3, 1000, 1],
  ])("the gradient of %i embeddings at %i places, of width %i", (vocabulary, places, width) =>
    compare(() => {
      const weight = wave([vocabulary, width], 0.1);
      // Some positions are outside.
      const at = Int32Array.from({ length: places }, (_, i) => ((i * 7919) % (vocabulary + 2)) - 1);
      const taken = embedding(weight, tensor(at, { shape: [places] }));
      return grad(sum(multiply(taken, wave([places, width], 0.9))), [weight]);
    }),
  );

  it.each([0, 1, 2, -1])("joins along axis %i", (axis) =>
    compare(() => {
      const shape = [3, 4, 5];
      return [concatenate([wave(shape, 0.1), wave(shape, 0.2), wave(shape, 0.3)], axis)];
    }),
  );

  it("joins and pools between convolutions, where channels lie last", () =>
    compare(() => {
      const x = wave([2, 3, 8, 8], 0.1);
      const [a, b] = [wave([5, 3, 3, 3], 0.7), wave([6, 3, 1, 1], 0.9)];
      const c = wave([4, 11, 3, 3], 0.4);
      const joined = concatenate([relu(conv2d(x, a, { padding: 1 })), conv2d(x, b)], 1);
      const y = conv2d(maxPool2d(joined, { kernelSize: 2 }), c);
      return [y, ...grad(sum(multiply(y, y)), [a, b, c]).map((gradient) => multiply(gradient, 1e-3))];
    }));
});
