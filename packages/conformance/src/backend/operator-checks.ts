/** Every scalar operator on special values, in every dtype that it accepts, against core's own meaning of it. */
import {
  applyScalar,
  type Backend,
  type DType,
  dtypes,
  isFloat,
  type LoopNest,
  type ScalarOperator,
  scalarOperators,
} from "@sconce/core";
import { type BackendCheck, requireDType } from "../check.ts";
import { expectClose } from "../compare.ts";
import { runNest, storedAs } from "../nests/run-nest.ts";
import { loadAt } from "../nests/simple-nests.ts";
import { operandsOf, operatorTolerance } from "./operator-values.ts";

const accepted: Readonly<Record<string, (dtype: DType) => boolean>> = {
  float: isFloat,
  integer: (dtype) => !isFloat(dtype) && dtype !== "bool",
  number: (dtype) => dtype !== "bool",
  bool: (dtype) => dtype === "bool",
  any: () => true,
};

/** y[i] = operator(a[i], b[i], c[i]). */
export function operatorNest(operator: ScalarOperator, inputs: readonly DType[], dtype: DType, size: number): LoopNest {
  return {
    shape: [size],
    inputs,
    body: [
      ...inputs.map((input, i) => loadAt(i, input)),
      { kind: "apply", operator, dtype, operands: inputs.map((_, i) => i) },
    ],
    epilogue: [],
    stores: [{ value: inputs.length, dtype }],
  };
}

/** Computes `operator` for each list of operands. */
export async function runOperator(
  backend: Backend,
  operator: ScalarOperator,
  inputs: readonly DType[],
  dtype: DType,
  operands: readonly (readonly number[])[],
): Promise<{ readonly actual: ArrayLike<number>; readonly operands: readonly (readonly number[])[] }> {
  const columns = inputs.map((input, i) =>
    storedAs(
      operands.map((list) => list[i]),
      input,
    ),
  );
  const [actual] = await runNest(backend, operatorNest(operator, inputs, dtype, operands.length), columns);
  return { actual, operands: operands.map((_, row) => columns.map((column) => column[row])) };
}

async function compareOperator(backend: Backend, operator: ScalarOperator, dtype: DType): Promise<void> {
  const { arity, result } = scalarOperators[operator];
  const inputs = Array.from({ length: arity }, (_, i) => (operator === "where" && i === 0 ? "bool" : dtype));
  requireDType(backend, ...inputs, ...(result === "bool" ? ["bool"] : []));
  const to = result === "bool" ? "bool" : dtype;
  const { actual, operands } = await runOperator(backend, operator, inputs, to, operandsOf(operator, dtype));
  const expected = operands.map((list) => applyScalar(operator, list, dtype, to));
  expectClose(
    actual,
    expected,
    (i) => operatorTolerance(operator, to, operands[i], expected[i]),
    (i) => `${operator}(${operands[i].join(", ")}) in ${dtype}`,
  );
}

export const operatorChecks: readonly BackendCheck[] = dtypes.flatMap((dtype) =>
  (Object.keys(scalarOperators) as ScalarOperator[])
    .filter((operator) => operator !== "cast" && accepted[scalarOperators[operator].accepts](dtype))
    .map((operator) => ({
      name: `${operator} in ${dtype}`,
      run: (backend) => compareOperator(backend, operator, dtype),
    })),
);
