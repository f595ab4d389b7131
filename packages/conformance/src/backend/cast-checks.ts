/** Casts between all dtypes: floats round to nearest even, floats to integers truncate, integers wrap, bool is x != 0. */
import { applyScalar, type DType, dtypes, isFloat } from "@sconce/core";
import { type BackendCheck, requireDType } from "../check.ts";
import { expectClose } from "../compare.ts";
import { storedAs } from "../nests/run-nest.ts";
import { runOperator } from "./operator-checks.ts";
import { specialValues } from "./operator-values.ts";

/** Numbers on a tie between two neighbours of a narrower dtype, and others beside it. */
const ties = [2049, 2051, 16777217, 16777219, 1 + 2 ** -24, 1 + 2 ** -11, 1 + 3 * 2 ** -12, 65504, 1e6, 2 ** 31];

const ranges: Partial<Record<DType, readonly [low: number, high: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  uint8: [0, 255],
};

function valuesFor(from: DType, to: DType): number[] {
  const fractions = isFloat(from) ? [0.4, -0.4, 2.9, -2.9, 99.99, 254.7, 1000.5, 3e9, ...ties] : [16777217, 16777219];
  const values = Array.from(storedAs([...specialValues(from), ...fractions], from));
  const range = ranges[to];
  // Outside the range of an integer, the cast of a float may give anything.
  if (!isFloat(from) || !range) return values;
  return values.filter((value) => Math.trunc(value) >= range[0] && Math.trunc(value) <= range[1]);
}

export const castChecks: readonly BackendCheck[] = dtypes.flatMap((from) =>
  dtypes
    .filter((to) => to !== from)
    .map((to) => ({
      name: `cast from ${from} to ${to}`,
      run: async (backend) => {
        requireDType(backend, from, to);
        const values = valuesFor(from, to).map((value) => [value]);
        const { actual, operands } = await runOperator(backend, "cast", [from], to, values);
        const expected = operands.map((list) => applyScalar("cast", list, from, to));
        expectClose(actual, expected, 0, (i) => `cast of ${operands[i][0]} from ${from} to ${to}`);
      },
    })),
);
