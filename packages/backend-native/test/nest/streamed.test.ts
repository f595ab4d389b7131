/** Results that are too large for the caches take another way to memory; they are the same, unaligned ends included. */
import { openNative } from "@sconce/backend-native";
import { type Backend, compile, type Tensor, tensor, withBackend } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";

test.runIf(testsNative).each([[[2 ** 22 + 5]], [[1500, 3001]]])("large results of shape %o", async (shape) => {
  const native = (await openNative({ threads: 2 })) as Backend;
  const x = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i % 1013);
  const run = compile((x: Tensor) => [x.add(1), x.mul(2)]);
  const [more, twice] = await withBackend(native, async () =>
    Promise.all((await run(tensor(x, { shape }))).map((result) => result.data())),
  );
  const differs = (result: ArrayLike<number>, expected: (x: number) => number): number =>
    x.findIndex((value, i) => result[i] !== expected(value));
  expect(differs(more, (x) => x + 1)).toBe(-1);
  expect(differs(twice, (x) => x * 2)).toBe(-1);
  await native.close?.();
});
