/** Gradients that many readers send to one tensor: an op may add its results up in one node. */
import "@sconce/backend-cpu/register";
import { compile, type DataArray, grad, matmul, narrow, randomNormal, slice, type Tensor, tensor } from "@sconce/core";
import { describe, expect, test } from "vitest";

const weights = tensor([3, -1, 2, 5, -4, 7, 1, -2]);

/** The gradient of the sum of weights[i] x[position of i] over the given positions. */
const gradientOf = (x: Tensor, parts: readonly Tensor[]): Promise<DataArray> =>
  grad(
    parts.map((part, i) => part.mul(narrow(weights, 0, i, 1)).sum()).reduce((a, b) => a.add(b)),
    x,
  ).data();

describe("slices of one tensor", () => {
  const x = tensor([0, 1, 2, 3, 4, 5, 6, 7]);
  const at = (...starts: number[]): Tensor[] => starts.map((start) => narrow(x, 0, start, 1));

  test.each<[string, number[], number[]]>([
    ["in order", [0, 1, 2, 3, 4, 5, 6, 7], [3, -1, 2, 5, -4, 7, 1, -2]],
    ["out of order, with gaps", [7, 5, 0, 2, 1], [2, -4, 5, 0, 0, -1, 0, 3]],
    ["that overlap", [1, 1, 2, 3, 4], [0, 2, 2, 5, -4, 0, 0, 0]],
  ])("%s", async (_, starts, expected) => {
    expect([...(await gradientOf(x, at(...starts)))]).toEqual(expected);
  });

  test("with steps between their elements", async () => {
    const parts = [0, 1, 2, 3, 4].map((start) => slice(x, [{ start, end: start + 3, step: 2 }]));
    expect([...(await gradientOf(x, parts))]).toEqual([3, -1, 5, 4, -2, 5, -4, 0]);
  });

  test("take a time that grows with their number, not with its square", async () => {
    const reads = async (count: number): Promise<number> => {
      const step = compile((y: Tensor) =>
        grad(
          y
            .split(count)
            .reduce((a, b) => a.add(b.mul(b)))
            .sum(),
          y,
        ),
      );
      await step(randomNormal([count, 4]));
      return step.programs()[0].nodes.reduce((sum, node) => sum + node.inputs.length, 0);
    };
    expect((await reads(64)) / (await reads(32))).toBeLessThan(3);
  });
});

test("a matrix that many products share gets its gradient from one product", async () => {
  const [w, ...steps] = Array.from({ length: 7 }, (_, i) => randomNormal([3, 3], { seed: i }));
  const shared = compile((v: Tensor, ...xs: Tensor[]) =>
    grad(
      xs.map((x) => matmul(x, v, { transposeB: true }).mul(x).sum()).reduce((a, b) => a.add(b)),
      v,
    ),
  );
  const apart = await Promise.all(steps.map((x) => matmul(x, x, { transposeA: true }).data()));
  const found = await (await shared(w, ...steps)).data();
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(
      apart.reduce((sum, part) => sum + part[i], 0),
      4,
    );
  });
  expect(shared.programs()[0].nodes.filter(({ name }) => name === "matmul")).toHaveLength(1);
});
