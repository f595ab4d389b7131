/** Products whose second operand comes again are computed from a packed copy of it: with the same result, until it changes. */
import { openNative } from "@sconce/backend-native";
import { compile, matmul, type Tensor, tensor, transpose, withBackend } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";

const numbers = (shape: readonly [number, number], seed: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i * 0.7 + seed)),
    { shape },
  );

test.runIf(testsNative).each([
  [1, 70, 33, true],
  [32, 256, 100, true],
  [128, 784, 65, true],
  // Read where it lies the first time.
  [20, 64, 512, false],
])("%i x %i x %i", async (rows, depth, columns, transposed) => {
  const backend = await openNative();
  try {
    await withBackend(backend, async () => {
      const multiply = compile((a: Tensor, b: Tensor) => matmul(a, transposed ? transpose(b) : b));
      const a = numbers([rows, depth], 1);
      const results: Float32Array[] = [];
      // More operands than copies are kept, each several times.
      for (let turn = 0; turn < 7; turn++) {
        const b = numbers(transposed ? [columns, depth] : [depth, columns], turn);
        const product = async (): Promise<Float32Array> => (await (await multiply(a, b)).data()) as Float32Array;
        const once = await product();
        for (let again = 0; again < 3; again++) expect(await product()).toEqual(once);
        results.push(once);
      }
      expect(new Set(results.map(String)).size).toBe(results.length);
    });
  } finally {
    await backend.close?.();
  }
});
