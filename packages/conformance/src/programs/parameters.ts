/** Variables that checks train and look at. */
import { Param, tensor } from "@sconce/core";
import { expectClose } from "../compare.ts";

/** A float32 variable with these elements. */
export function param(values: number[]): Param {
  return new Param({ shape: [values.length], dtype: "float32" }, tensor(values));
}

/** Throws where the variable holds something else, up to rounding. */
export async function expectValues(variable: Param, expected: readonly number[], what: string): Promise<void> {
  expectClose(await variable.value.data(), expected, 1e-6, (i) => `${what}, element ${i}`);
}
