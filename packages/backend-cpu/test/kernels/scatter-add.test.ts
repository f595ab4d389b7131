import fc from "fast-check";
import { expect, it } from "vitest";
import { scatterAddAlong } from "../../src/kernels/scatter-add.ts";
import { blank, wholeNumbers } from "./arbitraries.ts";

it("adds every update at its position, and passes over positions outside", () => {
  const small = fc.nat(4);
  fc.assert(
    fc.property(small, small, small, small, fc.boolean(), (outer, count, inner, extent, each) => {
      const updates = wholeNumbers(outer * count * inner, 1, false);
      const indices = Int32Array.from(wholeNumbers(each ? updates.length : count, 2, false));
      const expected = new Float32Array(outer * extent * inner);
      updates.forEach((value: number, from: number) => {
        const [o, c, i] = [Math.floor(from / (count * inner)), Math.floor(from / inner) % count, from % inner];
        const at = indices[each ? from : c];
        if (at >= 0 && at < extent) expected[(o * extent + at) * inner + i] += value;
      });
      const output = blank(expected.length, false);
      scatterAddAlong(output, updates, indices, { outer, count, inner, extent, each });
      expect([...output]).toEqual([...expected]);
    }),
    { numRuns: 300 },
  );
});
