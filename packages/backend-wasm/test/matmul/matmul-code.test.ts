import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import type { Machine } from "../../src/machine/machine.ts";
import { openMachine } from "../../src/machine/open-machine.ts";
import type { BatchAxis, ProductDescription } from "../../src/matmul/description.ts";
import { batchSize } from "../../src/matmul/description.ts";
import { matmulCode } from "../../src/matmul/matmul-code.ts";
import { affineMaximum, numbers, operandSizes, reference, runKernel } from "./run-product.ts";

const machines: readonly Machine[] = await Promise.all(
  [1, 2].flatMap((threads) =>
    [true, false].map((relaxedSimd) => openMachine({ threads, relaxedSimd, maximumBytes: 2 ** 28 })),
  ),
);
afterAll(() => {
  for (const machine of machines) machine.close();
});

const extent = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(24, 31, 33, 48, 65, 70));
const depth = fc.oneof(extent, fc.constantFrom(100, 257, 385, 513, 1030));

/** Matrices one after the other; `repeat` says which operand does not move along an axis. */
function description(
  [m, n, k]: readonly number[],
  [transposeA, transposeB]: readonly boolean[],
  axes: readonly { readonly extent: number; readonly repeat: "a" | "b" | "neither" }[] = [],
): ProductDescription {
  let [a, b] = [m * k, k * n];
  const batch: BatchAxis[] = [];
  for (const { extent, repeat } of [...axes].reverse()) {
    batch.unshift({ extent, a: repeat === "a" ? 0 : a, b: repeat === "b" ? 0 : b });
    if (repeat !== "a") a *= extent;
    if (repeat !== "b") b *= extent;
  }
  return { m, n, k, transposeA, transposeB, batch };
}

/** Compares with float64 on every machine, and what one thread computes with what two do. */
function check(product: ProductDescription, withEpilogue = false): void {
  const { m, n, k } = product;
  const length = batchSize(product) * m * n;
  const [a, b] = operandSizes(product).map((size, i) => numbers(size, i + 1));
  const [row, column, element] = [m, n, length].map((size, i) => numbers(size, i + 3));
  const expected = reference(product, a, b).map((x, i) =>
    withEpilogue ? Math.max(x * row[Math.floor(i / n) % m] + column[i % n], element[i]) : x,
  );
  const results = machines.map((machine) => {
    const code = matmulCode(product, machine.target, withEpilogue ? affineMaximum : undefined);
    return runKernel(machine, code, withEpilogue ? [a, b, row, column, element] : [a, b], length);
  });
  for (const result of results) {
    const worst = result.reduce(
      (most, x, i) => Math.max(most, Math.abs(x - expected[i]) || (x === expected[i] ? 0 : 1)),
      0,
    );
    expect(worst).toBeLessThan(1e-6 * (4 + k));
  }
  expect(results[2]).toEqual(results[0]);
  expect(results[3]).toEqual(results[1]);
}

it("is the product, transposed or not, for any shape", () => {
  fc.assert(
    fc.property(fc.tuple(extent, extent, depth), fc.tuple(fc.boolean(), fc.boolean()), (sizes, transposed) =>
      check(description(sizes, transposed)),
    ),
    { numRuns: 120 },
  );
});

it("applies an epilogue with an operand of every kind", () => {
  fc.assert(
    fc.property(fc.tuple(extent, extent, depth), fc.tuple(fc.boolean(), fc.boolean()), (sizes, transposed) =>
      check(description(sizes, transposed, [{ extent: 2, repeat: "b" }]), true),
    ),
    { numRuns: 60 },
  );
});

it("repeats an operand along any axis of the batch", () => {
  const axis = fc.record({ extent: fc.integer({ min: 1, max: 4 }), repeat: fc.constantFrom("a", "b", "neither") });
  const small = fc.integer({ min: 1, max: 14 });
  fc.assert(
    fc.property(
      fc.tuple(small, small, small),
      fc.tuple(fc.boolean(), fc.boolean()),
      fc.array(axis as fc.Arbitrary<{ extent: number; repeat: "a" | "b" | "neither" }>, { maxLength: 3 }),
      (sizes, transposed, axes) => check(description(sizes, transposed, axes)),
    ),
    { numRuns: 60 },
  );
});

it.each([
  [1, 1, 4096],
  [1, 300, 900],
  [300, 1, 900],
  [6, 40, 700],
  [9, 12, 3000],
  [16, 16, 5000],
  [130, 140, 800],
  [400, 9, 70],
  [5, 1100, 40],
  [800, 20, 300],
  [1, 1030, 5000],
])("is the product where it takes several blocks: %d x %d x %d", (m, n, k) => {
  for (const transposeA of [false, true])
    for (const transposeB of [false, true]) check(description([m, n, k], [transposeA, transposeB]), transposeA);
});
