/**
 * What fast-check draws when it draws a loop nest: only extents, strides and whole numbers. Every choice (which operand,
 * which operator, which dtype) is a number taken modulo what there is to choose from, so that every description is a
 * valid nest and shrinking it is shrinking numbers and lists.
 */
import * as fc from "fast-check";

/** How one load finds its element. */
export interface LoadDescription {
  readonly input: number;
  readonly kind: "affine" | "guarded" | "computed" | "gathered";
  readonly strides: readonly number[];
  readonly shift: number;
  /** Which loop a guard looks at, or how long a computed access reaches. */
  readonly pivot: number;
}

export interface StepDescription {
  readonly operator: number;
  readonly operands: readonly [number, number, number];
}

export interface NestDescription {
  readonly loops: readonly number[];
  readonly reduce: readonly number[] | undefined;
  /** Dtypes of the inputs, by number. */
  readonly inputs: readonly number[];
  readonly bodyLoads: readonly LoadDescription[];
  readonly bodySteps: readonly StepDescription[];
  readonly accumulators: readonly { readonly value: number; readonly combine: number }[];
  readonly epilogueLoads: readonly LoadDescription[];
  readonly epilogueSteps: readonly StepDescription[];
  readonly stores: readonly number[];
  readonly seed: number;
}

const extent: fc.Arbitrary<number> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constant(1) },
  { weight: 14, arbitrary: fc.integer({ min: 2, max: 6 }) },
);
const choice = fc.nat(63);
const load: fc.Arbitrary<LoadDescription> = fc.record({
  input: choice,
  kind: fc.constantFrom("affine", "guarded", "computed", "gathered"),
  strides: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 7, maxLength: 7 }),
  shift: fc.nat(3),
  pivot: fc.nat(6),
});
const step: fc.Arbitrary<StepDescription> = fc.record({
  operator: choice,
  operands: fc.tuple(choice, choice, choice),
});

/** Descriptions of loop nests with 0 to 4 output loops and 0 to 3 reduction loops. */
export const nestDescriptions: fc.Arbitrary<NestDescription> = fc.record({
  loops: fc.array(extent, { maxLength: 4 }),
  reduce: fc.option(fc.array(extent, { maxLength: 3 }), { nil: undefined }),
  inputs: fc.array(choice, { minLength: 1, maxLength: 4 }),
  bodyLoads: fc.array(load, { minLength: 1, maxLength: 4 }),
  bodySteps: fc.array(step, { maxLength: 6 }),
  accumulators: fc.array(fc.record({ value: choice, combine: choice }), { minLength: 1, maxLength: 3 }),
  epilogueLoads: fc.array(load, { maxLength: 2 }),
  epilogueSteps: fc.array(step, { maxLength: 4 }),
  stores: fc.array(choice, { minLength: 1, maxLength: 3 }),
  seed: fc.nat(999),
});
