/** Claims on sizes past the edges of tiles and pieces, which the kit's samples seldom reach, against the cpu backend. */
import { openCpu } from "@sconce/backend-cpu";
import {
  type Backend,
  conv2d,
  embedding,
  matmul,
  randomNormal,
  setSeed,
  type Tensor,
  tensor,
  vjp,
  withBackend,
} from "@sconce/core";
import { afterAll, describe, expect, it } from "vitest";
import { openForTests, type TestBackend } from "./device.ts";

const backend = (await openForTests()) as TestBackend;
afterAll(() => backend?.close?.());

const draw = (...shape: number[]): Tensor => randomNormal(shape);

/** A convolution and both its gradients. */
function convolution(x: number[], weight: number[], options: Parameters<typeof conv2d>[2]): Tensor[] {
  const [image, kernel] = [draw(...x), draw(...weight)];
  const y = conv2d(image, kernel, options);
  return [y, ...vjp(y, [image, kernel], y.mul(0.1))];
}

const tokens = (count: number, rows: number): Tensor =>
  tensor(
    Array.from({ length: count }, (_, i) => (i * 7919) % rows),
    { dtype: "int32" },
  );

const cases: Readonly<Record<string, () => Tensor[]>> = {
  "matmul, several tiles": () => [matmul(draw(130, 70), draw(70, 65))],
  "matmul, both transposed, batched": () => [
    matmul(draw(3, 1, 33, 67), draw(2, 20, 33), { transposeA: true, transposeB: true }),
  ],
  "matmul, a long sum in pieces": () => [matmul(draw(5, 3000), draw(3000, 7))],
  "convolution, several tiles": () => convolution([2, 5, 13, 11], [70, 5, 3, 3], { padding: 1 }),
  "convolution, stride, dilation and groups": () =>
    convolution([3, 6, 15, 14], [9, 2, 3, 2], { groups: 3, stride: 2, dilation: 2, padding: 2 }),
  "convolution, weight gradient in pieces": () => convolution([8, 4, 16, 16], [6, 4, 3, 3], { padding: 1 }),
  "convolution, depthwise": () => convolution([2, 12, 10, 9], [12, 1, 3, 3], { groups: 12, padding: 1, stride: 2 }),
  "convolution, depthwise with two outputs each": () => convolution([2, 5, 8, 8], [10, 1, 5, 5], { groups: 5 }),
  "embedding, gradient": () => {
    const weight = draw(30, 20);
    const y = embedding(weight, tokens(400, 30));
    return vjp(y, [weight], y);
  },
};

async function values(on: Backend, build: () => Tensor[]): Promise<number[][]> {
  return withBackend(on, async () => {
    setSeed(5);
    const found: number[][] = [];
    for (const result of build()) found.push(Array.from(await result.data()));
    return found;
  });
}

describe.skipIf(!backend)("claims", () => {
  it.each(Object.entries(cases))("%s", async (_, build) => {
    const expected = await values(openCpu() as Backend, build);
    const actual = await values(backend as Backend, build);
    expected.forEach((list, result) => {
      const scale = Math.max(...list.map(Math.abs));
      const error = Math.max(...list.map((value, i) => Math.abs(value - actual[result][i])));
      expect(error, `result ${result}`).toBeLessThan(1e-5 * scale);
    });
  });
});
