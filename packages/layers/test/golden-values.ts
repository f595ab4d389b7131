/** How golden values are written (tools/parity/golden.py), and how results are compared with them. */
import { multiply, sum, type Tensor, tensor } from "@sconce/core";
import { expect } from "vitest";

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly data: readonly (number | "NaN" | "Infinity" | "-Infinity")[];
}

export const fromGolden = ({ shape, dtype, data }: GoldenTensor): Tensor => tensor(data.map(Number), { shape, dtype });

/** The sum of all outputs times their cotangents: what golden gradients are gradients of. */
export function weightedSum(outputs: readonly Tensor[]): Tensor {
  return outputs
    .map((output, j) => {
      const weights = Float32Array.from({ length: output.size }, (_, i) => (((i * 7 + j * 3) % 11) - 5) / 4);
      return sum(multiply(output, tensor(weights, { shape: output.shape })));
    })
    .reduce((a, b) => a.add(b));
}

/** Equal up to 1e-5 of the largest magnitude. */
export async function expectClose(found: Tensor, expected: GoldenTensor["data"], what: string): Promise<void> {
  const values = await found.data();
  expect(values.length, what).toBe(expected.length);
  const bound = 1e-5 * Math.max(1, ...expected.map((value) => Math.abs(Number(value))).filter(Number.isFinite));
  const worst = Math.max(
    0,
    ...expected.map((value, i) => (Object.is(values[i], Number(value)) ? 0 : Math.abs(values[i] - Number(value)))),
  );
  expect(worst, what).toBeLessThanOrEqual(bound);
}
