import { broadcastShapes, type DType, type OpRequest, type Shape, sizeOf } from "@sconce/core";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { claimMatmul } from "../../src/claims/matmul.ts";
import { openMachine } from "../../src/machine/open-machine.ts";
import { numbers, runKernel } from "./run-product.ts";

const machine = await openMachine({ threads: 1, maximumBytes: 2 ** 28 });
afterAll(() => machine.close());

function request(a: Shape, b: Shape, dtype: DType = "float32"): OpRequest {
  const inputs = [a, b].map((shape) => ({ shape, dtype }));
  const attributes = { transposeA: false, transposeB: false };
  const batch = broadcastShapes("matmul", a.slice(0, -2), b.slice(0, -2));
  const shape = [...batch, ...a.slice(-2, -1), ...b.slice(-1)];
  return { op: "matmul", attributes, inputs, output: { shape, dtype } };
}

it("broadcasts the leading axes as core does", () => {
  const side = fc.array(fc.boolean(), { maxLength: 3 });
  const extents = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(extents, side, side, ([...full], ownA, ownB) => {
      const leading = (own: readonly boolean[]): Shape =>
        own.map((moves, i) => (moves ? full[full.length - own.length + i] : 1));
      const [a, b] = [
        [...leading(ownA), 2, 3],
        [...leading(ownB), 3, 5],
      ];
      const asked = request(a, b);
      const [x, y] = [numbers(sizeOf(a), 1), numbers(sizeOf(b), 2)];
      const code = claimMatmul(asked, machine.target);
      if (!code) throw new Error("not claimed");
      const { shape } = asked.output;
      const results = runKernel(machine, code, [x, y], sizeOf(shape));
      const batch = shape.slice(0, -2);
      const matrix = (own: Shape, index: number): number => {
        let [rest, at, stride] = [index, 0, 1];
        for (let axis = 1; axis <= batch.length; axis++) {
          const [extent, position] = [own[own.length - 2 - axis] ?? 1, rest % batch[batch.length - axis]];
          if (extent > 1) at += position * stride;
          stride *= extent;
          rest = Math.floor(rest / batch[batch.length - axis]);
        }
        return at;
      };
      results.forEach((value, i) => {
        const [product, row, column] = [Math.floor(i / 10), Math.floor(i / 5) % 2, i % 5];
        let sum = 0;
        for (let k = 0; k < 3; k++)
          sum += x[matrix(a, product) * 6 + row * 3 + k] * y[matrix(b, product) * 15 + k * 5 + column];
        expect(value).toBeCloseTo(sum, 5);
      });
    }),
    { numRuns: 60 },
  );
});

it("leaves empty products and other dtypes to loop nests", () => {
  expect(claimMatmul(request([2, 0], [0, 3]), machine.target)).toBeUndefined();
  expect(claimMatmul(request([0, 4], [4, 3]), machine.target)).toBeUndefined();
  expect(claimMatmul(request([2, 4], [4, 3], "float64"), machine.target)).toBeUndefined();
});
