/** Every op that a backend claims gives what the op's own decomposition gives. */
import { type Backend, type DType, evaluateAll, isFloat, type Tensor, vjp, withBackend } from "@sconce/core";
import * as fc from "fast-check";
import { type BackendCheck, NotApplicable } from "../check.ts";
import { expectClose, roundingOf, scaleOf } from "../compare.ts";
import { gradientChecks } from "../gradient-checks/index.ts";
import { Random } from "../random.ts";
import { type OpSample, type OpSamples, tensorsOf } from "../samples/op-sample.ts";
import { opSampleRegistry } from "../samples/registry.ts";
import { recordingClaims, withoutClaims } from "../wrap-backend.ts";

type Numbers = Awaited<ReturnType<Tensor["data"]>>;

/** The values of what `build` makes of fresh inputs, computed on `backend` in one program. */
export async function valuesOn(
  backend: Backend,
  inputs: OpSample["inputs"],
  build: (inputs: Tensor[]) => readonly Tensor[],
): Promise<Numbers[]> {
  return withBackend(backend, async () => {
    const results = build(tensorsOf(inputs));
    await evaluateAll(...results);
    const values: Numbers[] = [];
    for (const result of results) values.push(await result.data());
    return values;
  });
}

/** Sums of different order differ by a few roundings of the largest numbers involved. */
export function expectAlike(
  actual: readonly Numbers[],
  expected: readonly Numbers[],
  dtype: DType,
  what: string,
): void {
  expected.forEach((values, result) => {
    const tolerance = 500 * roundingOf(dtype) * Math.max(1, scaleOf(values));
    const exact = !(values instanceof Float32Array || values instanceof Float64Array);
    expectClose(actual[result], values, exact ? 0 : tolerance, (i) => `${what}, result ${result}, element ${i}`);
  });
}

function claimCheck({ op, samples }: OpSamples): BackendCheck {
  return {
    name: `a claimed ${op} is its decomposition`,
    run: async (backend, { runs, seed }) => {
      if (!backend.claim) throw new NotApplicable("the backend claims nothing");
      const claimed = new Set<string>();
      const [whole, parts] = [recordingClaims(backend, claimed), withoutClaims(backend)];
      const dtypes = backend.capabilities.dtypes.filter((dtype) => isFloat(dtype));
      let compared = false;
      for (const dtype of dtypes) {
        // A look at a few samples tells whether the op is claimed in this dtype at all.
        claimed.clear();
        for (const { inputs, build } of fc.sample(samples(dtype), { numRuns: 8, seed: 1 })) {
          await valuesOn(whole, inputs, (tensors) => [build(tensors)]);
        }
        if (!claimed.has(op)) continue;
        await fc.assert(
          fc.asyncProperty(samples(dtype), async ({ inputs, build }) => {
            const actual = await valuesOn(whole, inputs, (tensors) => [build(tensors)]);
            const expected = await valuesOn(parts, inputs, (tensors) => [build(tensors)]);
            expectAlike(actual, expected, dtype, `${op} in ${dtype}`);
          }),
          { numRuns: dtype === "float32" ? runs : Math.ceil(runs / 4), ...(seed !== undefined && { seed }) },
        );
        compared = true;
      }
      if (!compared) throw new NotApplicable(`the backend does not claim ${op}`);
    },
  };
}

export const claimChecks: readonly BackendCheck[] = [
  ...opSampleRegistry.map(claimCheck),
  {
    name: "every op of core and its gradients are the same with and without claims",
    run: async (backend) => {
      if (!backend.claim) throw new NotApplicable("the backend claims nothing");
      const parts = withoutClaims(backend);
      for (const { name, samples } of gradientChecks) {
        for (const { fn, inputs } of samples(new Random(name.length))) {
          const build = (tensors: Tensor[]): Tensor[] => {
            const value = fn(...tensors);
            // Only the check of cast gives anything else.
            if (value.dtype !== "float32") return [];
            return [
              value,
              ...vjp(
                value,
                tensors.filter(({ dtype }) => dtype === "float32"),
                value,
              ),
            ];
          };
          const narrow = inputs.map((input) =>
            input.dtype === "float64"
              ? { ...input, dtype: "float32" as const, data: Float32Array.from(input.data) }
              : input,
          );
          const actual = await valuesOn(backend, narrow, build);
          expectAlike(actual, await valuesOn(parts, narrow, build), "float32", name);
        }
      }
    },
  },
];
