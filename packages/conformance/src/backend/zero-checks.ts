/** What hardware likes to lose: subnormal numbers and the sign of zero. A backend that cannot keep them skips these. */
import { applyScalar, type Backend, type DType, type ScalarOperator } from "@sconce/core";
import { type BackendCheck, requireDType } from "../check.ts";
import { runOperator } from "./operator-checks.ts";

async function expectExactly(
  backend: Backend,
  operator: ScalarOperator,
  dtype: DType,
  operands: number[][],
): Promise<void> {
  requireDType(backend, dtype);
  const inputs = operands[0].map(() => dtype);
  const { actual, operands: stored } = await runOperator(backend, operator, inputs, dtype, operands);
  stored.forEach((list, i) => {
    const expected = applyScalar(operator, list, dtype, dtype);
    if (!Object.is(actual[i], expected)) {
      const shown = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));
      throw new Error(
        `${operator}(${list.map(shown).join(", ")}) in ${dtype} is ${shown(actual[i])} instead of ${shown(expected)}.`,
      );
    }
  });
}

const floats = ["float32", "float64", "float16"] as const;
const smallest = { float16: 2 ** -24, float32: 2 ** -149, float64: 2 ** -1074 };

export const zeroChecks: readonly BackendCheck[] = floats.flatMap((dtype) => [
  {
    name: `subnormal numbers survive in ${dtype}`,
    run: async (backend) => {
      const s = smallest[dtype];
      await expectExactly(backend, "add", dtype, [
        [s, 0],
        [s, s],
        [-s, s],
        [64 * s, -s],
      ]);
      await expectExactly(backend, "multiply", dtype, [
        [s, 1],
        [s, 3],
        [8 * s, 0.5],
        [-s, 1],
      ]);
      await expectExactly(backend, "negate", dtype, [[s], [-5 * s]]);
    },
  },
  {
    name: `the sign of zero survives in ${dtype}`,
    run: async (backend) => {
      await expectExactly(backend, "negate", dtype, [[0], [-0]]);
      await expectExactly(backend, "multiply", dtype, [
        [-1, 0],
        [0, 1],
        [-0, -0],
      ]);
      await expectExactly(backend, "add", dtype, [
        [0, -0],
        [-0, -0],
        [1, -1],
      ]);
      await expectExactly(backend, "absolute", dtype, [[-0], [0]]);
      await expectExactly(backend, "divide", dtype, [
        [-0, 2],
        [1, Number.NEGATIVE_INFINITY],
      ]);
    },
  },
]);
