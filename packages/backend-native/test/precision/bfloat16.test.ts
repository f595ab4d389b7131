/** Products of operands rounded to bfloat16: as accurate as eight bits allow, forward and backward. */
import { openNative } from "@sconce/backend-native";
import { type Backend, compile, conv2d, matmul, type Tensor, tensor, vjp, withBackend } from "@sconce/core";
import { beforeAll, describe, expect, test } from "vitest";
import { loadAddon } from "../../src/addon.ts";

const has = loadAddon().hasBfloat16();
let exact: Backend;

beforeAll(async () => {
  exact = await openNative();
});

/** Numbers with mean 0 and about unit variance. */
function floats(shape: readonly number[], seed: number): Tensor {
  let state = seed;
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 3.46;
  });
  return tensor(data, { shape });
}

const works: Record<string, (...inputs: Tensor[]) => Tensor> = {
  matmul: (a, b) => matmul(a, b),
  "matmul of batches, transposed": (a, b) => matmul(a, b, { transposeA: true, transposeB: true }),
  convolution: (x, w) => conv2d(conv2d(x, w, { padding: 1 }), w, { stride: 2 }),
  "depthwise convolution": (x, w) => conv2d(x, w, { padding: 1, groups: 16 }),
};

const operands: Record<string, readonly (readonly number[])[]> = {
  matmul: [
    [64, 300],
    [300, 40],
  ],
  "matmul of batches, transposed": [
    [3, 50, 20],
    [3, 30, 50],
  ],
  convolution: [
    [2, 16, 12, 11],
    [16, 16, 3, 3],
  ],
  "depthwise convolution": [
    [2, 16, 12, 11],
    [16, 1, 3, 3],
  ],
};

async function resultsOn(backend: Backend, name: string): Promise<Float32Array[]> {
  return withBackend(backend, async () => {
    const inputs = operands[name].map((shape, i) => floats(shape, i + 1));
    const step = compile((...given: Tensor[]) => {
      const y = works[name](...given);
      return [y, ...vjp(y, given, y)];
    });
    return Promise.all((await step(...inputs)).map(async (output) => (await output.data()) as Float32Array));
  });
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe.runIf(has)("bfloat16", () => {
  test.each(Object.keys(works))("%s loses as much as eight bits of precision do", async (name) => {
    const rounded = await openNative({ bfloat16: true });
    const [ours, theirs] = [await resultsOn(rounded, name), await resultsOn(exact, name)];
    ours.forEach((values, i) => {
      const error = norm(values.map((value, at) => value - theirs[i][at])) / norm(theirs[i]);
      expect(error).toBeLessThan(1.5e-2);
      expect(error).toBeGreaterThan(1e-4);
    });
    await rounded.close?.();
  });

  test("a network's first convolution keeps float32: for its layouts oneDNN has only a reference", async () => {
    const rounded: Backend = await openNative({ bfloat16: true });
    const first = (x: Tensor, w: Tensor): Tensor => conv2d(x, w, { stride: 2, padding: 1 });
    const last = (y: Tensor, w: Tensor): Tensor => conv2d(y, w, { padding: 1 });
    const on = (
      backend: Backend,
      work: (...inputs: Tensor[]) => Tensor,
      inputs: () => Tensor[],
    ): Promise<Float32Array> =>
      withBackend(backend, async () => (await (await compile(work)(...inputs())).data()) as Float32Array);
    const [x, w, v] = [
      () => floats([2, 3, 24, 24], 1),
      () => floats([32, 3, 3, 3], 2),
      () => floats([32, 32, 3, 3], 3),
    ];
    const between = await on(exact, first, () => [x(), w()]);
    const expected = await on(rounded, last, () => [tensor(between, { shape: [2, 32, 12, 12] }), v()]);
    const got = await on(
      rounded,
      (x, w, v) => last(first(x, w), v),
      () => [x(), w(), v()],
    );
    expect(norm(got.map((value, at) => value - expected[at])) / norm(expected)).toBeLessThan(5e-4);
    await rounded.close?.();
  });
});

test.runIf(!has)("bfloat16 is refused where the processor has none", async () => {
  await expect(openNative({ bfloat16: true })).rejects.toThrow("no bfloat16 instructions");
});
