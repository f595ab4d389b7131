/** Pools against their decompositions on loop nests, in both orders of memory. */
import type { Kernel, OpRequest, Shape } from "@sconce/core";
import { avgPool2d, grad, maxPool2d, multiply, setDefaultBackend, sum, tensor } from "@sconce/core";
import { describe, expect, it } from "vitest";
import { openNative } from "../../src/index.ts";

const native = await openNative({ threads: 2 });
const nests = await openNative({ threads: 2, claims: false });

const geometries = [
  { kernelSize: 3, stride: 2, padding: 1 },
  { kernelSize: 2 },
  { kernelSize: 3, stride: [3, 2] },
  { kernelSize: 3, stride: 1, padding: 1 },
  { kernelSize: [3, 2], stride: [1, 2], padding: [1, 0], ceilMode: true },
  { kernelSize: 5, stride: 3, padding: 2 },
];
const shapes = [
  [2, 3, 9, 11],
  [1, 17, 8, 7],
  [3, 33, 40, 13],
];

function values(shape: Shape, step: number): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  // Coarse, so that windows have several maxima, with a NaN and an infinity.
  const data = Float32Array.from({ length: size }, (_, i) => Math.round(3 * Math.sin(i * step)));
  data[Math.floor(size / 3)] = Number.NaN;
  data[Math.floor(size / 2)] = Number.NEGATIVE_INFINITY;
  return data;
}

async function resultsOn(
  backend: typeof native,
  run: () => readonly { data(): Promise<unknown> }[],
): Promise<unknown[]> {
  setDefaultBackend(backend);
  return Promise.all(run().map((result) => result.data()));
}

describe.each(shapes)("x [%i, %i, %i, %i]", (...shape) => {
  it.each(geometries)("pools and their gradients are those of loop nests: %o", async (options) => {
    const run = (): readonly { data(): Promise<unknown> }[] => {
      const x = tensor(values(shape, 0.7), { shape });
      const forMean = tensor(
        values(shape, 0.3).map((value) => (Number.isFinite(value) ? value : 0)),
        { shape },
      );
      const largest = maxPool2d(x, options);
      const means = avgPool2d(forMean, { ...options, countIncludePad: false });
      const weights = tensor(
        values(largest.shape, 0.9).map((value) => (Number.isFinite(value) ? value : 2)),
        { shape: largest.shape },
      );
      return [
        largest,
        means,
        ...grad(sum(multiply(largest, weights)), [x]),
        ...grad(sum(multiply(means, weights)), [forMean]),
      ];
    };
    const [got, expected] = [await resultsOn(native, run), await resultsOn(nests, run)];
    got.forEach((result, i) => {
      const [a, b] = [result, expected[i]] as [Float32Array, Float32Array];
      expect(a.length).toBe(b.length);
      a.forEach((value, j) => {
        if (!Object.is(value + 0, b[j] + 0)) expect(value, `result ${i} at ${j}`).toBeCloseTo(b[j], 5);
      });
    });
  });
});

/** [N, C, H, W] to [N, H, W, C], or back. */
function exchange(data: Float32Array, [n, c, h, w]: readonly number[], back: boolean): Float32Array {
  const result = new Float32Array(data.length);
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < c; channel++)
      for (let at = 0; at < h * w; at++) {
        const plain = (image * c + channel) * h * w + at;
        const last = (image * h * w + at) * c + channel;
        if (back) result[plain] = data[last];
        else result[last] = data[plain];
      }
  return result;
}

const attributes = {
  kernel: [3, 2],
  stride: [2, 1],
  padding: [
    [1, 1],
    [0, 1],
  ],
  dilation: [1, 2],
  ceilMode: false,
};

describe.each(["maxPool", "maxPoolSelect", "maxPoolGradient", "averagePool", "averagePoolGradient"])("%s", (op) => {
  it.each(shapes)("gives the same channels-last: [%i, %i, %i, %i]", (...shape) => {
    const [height, width] = [shape[2], shape[3] - 1];
    const pooled = [shape[0], shape[1], Math.floor((height + 2 - 3) / 2) + 1, width];
    const undilated = {
      ...attributes,
      padding: [
        [1, 1],
        [0, 0],
      ],
      dilation: [1, 1],
      countIncludePad: true,
    };
    const [inputs, output] = {
      maxPool: [[shape], pooled],
      maxPoolSelect: [[shape, shape], pooled],
      maxPoolGradient: [[shape, pooled], shape],
      averagePool: [[shape], pooled],
      averagePoolGradient: [[pooled], shape],
    }[op] as [number[][], number[]];
    const request: OpRequest = {
      op,
      attributes: op.startsWith("max") ? attributes : { ...undilated, spatial: shape.slice(2) },
      inputs: inputs.map((each) => ({ shape: each, dtype: "float32" })),
      output: { shape: output, dtype: "float32" },
    };
    const operands = inputs.map((each, i) => values(each, 0.7 + i));
    const runOn = (last: boolean): Float32Array => {
      const layout = { inputs: inputs.map(() => last), output: last };
      const kernel = native.claim?.({ ...request, layout } as OpRequest) as Kernel;
      const buffers = operands.map((data, i) => {
        const buffer = native.allocate(data.byteLength);
        native.write(buffer, last ? exchange(data, inputs[i], false) : data);
        return buffer;
      });
      const bytes = 4 * output.reduce((a, b) => a * b, 1);
      const result = native.allocate(bytes);
      kernel.run(buffers, [result]);
      const data = new Float32Array(native.readSync?.(result, bytes) as ArrayBuffer);
      for (const buffer of [...buffers, result]) native.release(buffer);
      return last ? exchange(data, output, true) : data;
    };
    expect(runOn(true)).toEqual(runOn(false));
  });
});
