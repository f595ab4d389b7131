import type { OpRequest, Shape } from "@sconce/core";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { closeMachines, results, wholeNumbers } from "./compare.ts";

afterAll(closeMachines);

function check(op: "scatterAdd" | "takeAdd", [outer, count, inner, extent]: readonly number[], seed: number): void {
  const updates: Shape = [outer, count, inner];
  const indices: Shape = op === "takeAdd" ? [count] : updates;
  const request: OpRequest = {
    op,
    attributes: { axis: 1, extent },
    inputs: [
      { shape: updates, dtype: "float32" },
      { shape: indices, dtype: "int32" },
    ],
    output: { shape: [outer, extent, inner], dtype: "float32" },
  };
  const values = wholeNumbers(outer * count * inner, seed);
  // Some positions lie outside.
  const places = wholeNumbers(op === "takeAdd" ? count : values.length, seed + 1).map((x) => x + (seed % 5));
  const { expected, computed } = results(request, [values, Int32Array.from(places)]);
  for (const result of computed) expect(result).toEqual(expected);
}

const op = fc.constantFrom("scatterAdd", "takeAdd");

it("adds every update at its position, and passes over positions outside", () => {
  const small = fc.nat(9);
  const inner = fc.oneof(fc.nat(9), fc.constantFrom(16, 63, 64, 65, 70, 128, 131));
  fc.assert(fc.property(op, fc.tuple(fc.nat(3), small, inner, small), fc.nat(1000), check), { numRuns: 150 });
});

it.each([
  [1, 5000, 3, 7],
  [1, 20000, 1, 8],
  [2, 300, 200, 9],
  [1, 40, 64, 900],
])("is the same with threads: %d x %d x %d into %d rows", (...sizes) => {
  check("takeAdd", sizes, 3);
  check("scatterAdd", sizes, 4);
});
