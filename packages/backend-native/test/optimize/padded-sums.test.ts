/** Gradients of slices are joined instead of added between zeros, where the slices cover the tensor once; and they are the same. */
import { openNative } from "@sconce/backend-native";
import { type Claim, compile, grad, multiply, slice, sum, type Tensor, tensor, withBackend } from "@sconce/core";
import { expect, test } from "vitest";

/** The bounds of slices along the second axis of a [2, 12, 3] tensor, and whether their gradients can be joined. */
const cuts: readonly (readonly [title: string, bounds: readonly (readonly [number, number])[], joined: boolean])[] = [
  ["pieces in order", [[0, 3], [3, 4], [4, 12]], true], // biome-ignore format: a table
  ["pieces in another order", [[4, 12], [0, 3], [3, 4]], true], // biome-ignore format: a table
  ["a gap", [[0, 3], [4, 12]], false], // biome-ignore format: a table
  ["an overlap", [[0, 5], [4, 12]], false], // biome-ignore format: a table
];

test.each(cuts)("%s", async (_, bounds, joined) => {
  const x = tensor(Float32Array.from({ length: 72 }, (_, i) => Math.sin(i)), { shape: [2, 12, 3] }); // biome-ignore format: one line
  const gradient = (x: Tensor): Tensor => {
    const parts = bounds.map(([start, end], i) => {
      const part = slice(x, [[0, 2], [start, end], [0, 3]]); // biome-ignore format: one line
      return sum(multiply(multiply(part, part), i + 1));
    });
    const total = parts.reduce((a, b) => multiply(a, b));
    return grad(total, [x])[0];
  };
  const ops: string[] = [];
  const run = async (optimize: boolean): Promise<number[]> => {
    const backend = await openNative({ optimize });
    const original = backend.optimize;
    if (original) {
      backend.optimize = (draft, claim: Claim) =>
        original(draft, (request) => {
          ops.push(request.op);
          return claim(request);
        });
    }
    try {
      return await withBackend(backend, async () => [...(await (await compile(gradient)(x)).data())]);
    } finally {
      await backend.close?.();
    }
  };
  const plain = await run(false);
  expect(await run(true)).toEqual(plain);
  expect(ops.includes("concatenate")).toBe(joined);
});
