/** What modules import besides their memory: float64 functions that WebAssembly lacks, from JavaScript's own Math. */
import { applyScalar, type ScalarOperator } from "@sconce/core";

/** Operators that float64 kernels call on the host, by name and number of operands. */
export const hostOperators = {
  exp: 1,
  expm1: 1,
  log: 1,
  log1p: 1,
  sin: 1,
  cos: 1,
  tan: 1,
  tanh: 1,
  erf: 1,
  power: 2,
} as const satisfies Partial<Record<ScalarOperator, 1 | 2>>;

/** The import object's `host` part, without the memory. */
export function hostFunctions(): Record<string, (a: number, b: number) => number> {
  const names = Object.keys(hostOperators) as (keyof typeof hostOperators)[];
  return Object.fromEntries(
    names.map((name) => [name, (a: number, b: number) => applyScalar(name, [a, b], "float64", "float64")]),
  );
}
