import fc from "fast-check";
import { expect, it } from "vitest";
import { matmul } from "../../src/kernels/matmul.ts";
import { blank, type FloatArray, wholeNumbers } from "./arbitraries.ts";

const extent = fc.oneof(fc.nat(9), fc.constantFrom(16, 17, 31, 33, 70));

function reference(
  left: FloatArray,
  right: FloatArray,
  [m, n, k]: readonly number[],
  a: boolean,
  b: boolean,
): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += left[a ? i * m + row : row * k + i] * right[b ? column * k + i : i * n + column];
    return sum;
  });
}

it("is the product, transposed or not, batched and broadcast", () => {
  fc.assert(
    fc.property(
      fc.tuple(extent, extent, extent),
      fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
      fc.integer({ min: 0, max: 3 }),
      ([m, n, k], [transposeLeft, transposeRight, broadcast, wide], batch) => {
        const left = wholeNumbers(batch * m * k, 1, wide);
        const right = wholeNumbers((broadcast ? 1 : batch) * k * n, 2, wide);
        const output = blank(batch * m * n, wide);
        const offsets = (size: number): number[] => Array.from({ length: batch }, (_, i) => i * size);
        const batches = { left: offsets(m * k), right: offsets(broadcast ? 0 : k * n), output: offsets(m * n) };
        matmul(output, left, right, { m, n, k, transposeLeft, transposeRight }, batches);
        const expected = batches.output.flatMap((_, i) =>
          reference(
            left.subarray(batches.left[i], batches.left[i] + m * k),
            right.subarray(batches.right[i], batches.right[i] + k * n),
            [m, n, k],
            transposeLeft,
            transposeRight,
          ),
        );
        expect([...output]).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});

it("is the product where it takes several blocks", () => {
  for (const [m, n, k] of [
    [5, 7, 1500],
    [1, 40, 900],
    [40, 1, 900],
    [130, 140, 600],
    [1100, 5, 40],
    [3, 1100, 2],
  ]) {
    const [left, right] = [wholeNumbers(m * k, 3, false), wholeNumbers(k * n, 4, false)];
    const output = blank(m * n, false);
    matmul(output, left, right, { m, n, k });
    expect([...output]).toEqual(reference(left, right, [m, n, k], false, false));
  }
});

it("takes matrices in any order", () => {
  const [m, n, k] = [3, 4, 5];
  const [left, right] = [wholeNumbers(4 * m * k, 1, false), wholeNumbers(4 * k * n, 2, false)];
  const order = { left: [2, 0, 1, 3], right: [3, 3, 0, 1], output: [1, 3, 2, 0] };
  const offsets = {
    left: order.left.map((at) => at * m * k),
    right: order.right.map((at) => at * k * n),
    output: order.output.map((at) => at * m * n),
  };
  const output = blank(4 * m * n, false);
  matmul(output, left, right, { m, n, k }, offsets);
  offsets.output.forEach((at, i) => {
    const product = reference(
      left.subarray(offsets.left[i]),
      right.subarray(offsets.right[i]),
      [m, n, k],
      false,
      false,
    );
    expect([...output.subarray(at, at + m * n)]).toEqual(product);
  });
});
