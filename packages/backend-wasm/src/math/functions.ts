/**
 * The functions that WebAssembly has no instruction for, as vector code on four float32 lanes. Each is within about two
 * units in the last place over the whole range, and special values are as in scalarOperators.
 */
import type { ScalarOperator } from "@sconce/core";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { V128 } from "../assembler/simd.ts";
import type { Vector } from "../kernels/vectors.ts";
import { errorFunction } from "./error-function.ts";
import { exponential, exponentialMinusOne, hyperbolicTangent } from "./exponential.ts";
import { logarithm, logarithmPlusOne } from "./logarithm.ts";
import { power } from "./power.ts";
import { inScope, type Scope } from "./scope.ts";
import { cosine, sine, tangent } from "./trigonometry.ts";

/** Emits code that computes the function; the result is a variable that belongs to the caller. */
type VectorFunction = (module: ModuleBuilder, f: FunctionBuilder, x: V128, y?: V128) => Vector;

const functions: Partial<Record<ScalarOperator, (scope: Scope, x: Vector, y: Vector) => V128>> = {
  exp: exponential,
  expm1: exponentialMinusOne,
  log: logarithm,
  log1p: logarithmPlusOne,
  sin: sine,
  cos: cosine,
  tan: tangent,
  tanh: hyperbolicTangent,
  erf: errorFunction,
  power,
};

/** The code of an operator that is a function of float32 lanes; undefined for others. */
export function float32Function(operator: ScalarOperator): VectorFunction | undefined {
  const build = functions[operator];
  return build && ((module, f, x, y = x) => inScope(module, f, (scope) => build(scope, scope.keep(x), scope.keep(y))));
}
