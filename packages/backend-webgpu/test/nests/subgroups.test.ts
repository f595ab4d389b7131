/** Shared reductions give the same totals with subgroups as without. */
import { type Combine, type LoopNest, neutralElement } from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/device/engine.ts";
import { openDevice } from "../../src/device/open-device.ts";
import { nestPlan } from "../../src/nests/nest-plan.ts";
import { runPlan } from "../claims/run-plan.ts";

const device = await openDevice({}).catch(() => undefined);
afterAll(() => device?.destroy());

function totalNest(outputs: number, turns: number, combine: Combine): LoopNest {
  return {
    shape: [outputs],
    reduce: { extent: [turns], accumulators: [{ value: 0, combine, dtype: "float32" }] },
    inputs: ["float32"],
    body: [{ kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 0, strides: [turns, 1] } }],
    epilogue: [{ kind: "accumulator", index: 0 }],
    stores: [{ value: 0, dtype: "float32" }],
  };
}

const combines = {
  sum: (a: number, b: number) => a + b,
  max: Math.max,
  min: Math.min,
} as const;

describe.skipIf(!device?.features.has("subgroups"))("subgroups", () => {
  it("combine the parts of a reduction, not-a-numbers included", async () => {
    const engine = new Engine(device as GPUDevice);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(33, 40, 64, 100, 257, 3000, 20_000),
        fc.constantFrom(...(Object.keys(combines) as (keyof typeof combines)[])),
        fc.option(fc.nat()),
        async (outputs, turns, combine, odd) => {
          const values = Float32Array.from({ length: outputs * turns }, (_, i) => ((i * 7919) % 64) - 32);
          if (odd !== null) values[odd % values.length] = Number.NaN;
          const plan = nestPlan(totalNest(outputs, turns, combine), 8, true);
          expect(plan.passes[0].source(new Map())).toContain("subgroupShuffleXor(");
          const expected = Float32Array.from({ length: outputs }, (_, output) =>
            values
              .subarray(output * turns, (output + 1) * turns)
              .reduce((a, b) => combines[combine](a, b), neutralElement(combine, "float32")),
          );
          expect(await runPlan(engine, plan, [values], outputs)).toEqual(expected);
        },
      ),
      { numRuns: 15 },
    );
  });
});
