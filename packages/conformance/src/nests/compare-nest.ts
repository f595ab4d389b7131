/** Runs a nest on a backend and on the reference interpreter, and compares. */
import { type Backend, type DType, isFloat, type LoopNest, sizeOf } from "@sconce/core";
import { expectClose, roundingOf } from "../compare.ts";
import { interpretNest } from "../reference-interpreter.ts";
import { runNest, storedAs } from "./run-nest.ts";

/** A nest with numbers to run it on. */
export interface NestCase {
  readonly nest: LoopNest;
  readonly inputs: readonly (readonly number[])[];
}

/** Throws where the backend's results are not the reference's, up to the rounding of the floats involved. */
export async function compareNest(
  backend: Backend,
  { nest, inputs }: NestCase,
  {
    overflows = true,
  }: {
    /** Whether a float may overflow on the way; such results are not compared. */ readonly overflows?: boolean;
  } = {},
): Promise<void> {
  const stored = inputs.map((values, i) => storedAs(values, nest.inputs[i]));
  const actual = await runNest(backend, nest, stored);
  const reference = interpretNest(nest, stored);
  const floats = floatsOf(nest);
  const steps = nest.body.length + nest.epilogue.length + (nest.reduce ? sizeOf(nest.reduce.extent) : 0) + 4;
  const rounding = steps * Math.max(0, ...floats.map(roundingOf));
  const limit = overflows ? (floats.includes("float16") ? 3e4 : 1e37) : Number.NaN;
  nest.stores.forEach(({ dtype }, store) => {
    const { values, magnitudes } = reference[store];
    const comparable = (i: number): boolean => !isFloat(dtype) || !(magnitudes[i] >= limit);
    expectClose(
      Array.from(actual[store], (value, i) => (comparable(i) ? value : 0)),
      values.map((value, i) => (comparable(i) ? value : 0)),
      (i) => (isFloat(dtype) ? rounding * magnitudes[i] + 1e-37 : 0),
      (i) => `store ${store} (${dtype}), element ${i} of [${nest.shape.join(", ")}]`,
    );
  });
}

function floatsOf(nest: LoopNest): DType[] {
  const used = [...nest.body, ...nest.epilogue].map((step) => ("dtype" in step ? step.dtype : "int32"));
  return [...new Set([...used, ...nest.stores.map((store) => store.dtype)])].filter(isFloat);
}
