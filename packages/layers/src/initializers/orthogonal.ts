/**
 * Orthogonal matrices (Saxe et al. 2014): the Q of a QR decomposition of normal numbers, signs chosen so that R's
 * diagonal is positive, which makes every orthogonal matrix equally likely.
 */
import {
  ArgumentError,
  apply,
  decodeNumbers,
  defineOp,
  encodeNumbers,
  formatShape,
  multiply,
  type OpDefinition,
  randomNormal,
  reshape,
  sizeOf,
  transpose,
} from "@sconce/core";
import type { Initializer } from "../initializers.ts";

/** [k, n], k <= n: the rows made orthonormal from the first to the last (Gram and Schmidt, twice against rounding). */
const orthonormalizeOp: OpDefinition<undefined> = /* @__PURE__ */ defineOp({
  name: "orthonormalize",
  infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  routine:
    () =>
    ([{ data, dtype, shape }]) => {
      const values = Float64Array.from(decodeNumbers(data, dtype));
      const [count, length] = shape;
      const rows = Array.from({ length: count }, (_, i) => values.subarray(i * length, (i + 1) * length));
      rows.forEach((row, i) => {
        for (const earlier of [...rows.slice(0, i), ...rows.slice(0, i)]) {
          const along = dot(row, earlier);
          for (let j = 0; j < length; j++) row[j] -= along * earlier[j];
        }
        const norm = Math.sqrt(dot(row, row));
        for (let j = 0; j < length; j++) row[j] /= norm;
      });
      return { data: encodeNumbers(values, dtype), dtype, shape };
    },
  gradient: () => [null],
});

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** [rows, ...], as a matrix of `rows` rows: its rows, or its columns where there are fewer of them, are orthonormal times `gain`. */
export function orthogonal(gain = 1): Initializer {
  return (shape, key, dtype) => {
    if (shape.length < 2) {
      throw new ArgumentError(
        `orthogonal: shape ${formatShape(shape)} is no matrix; it needs [rows, columns, ...]. Use normal or constant.`,
      );
    }
    const [rows] = shape;
    const columns = sizeOf(shape.slice(1));
    const wide = rows <= columns;
    const random = randomNormal(wide ? [rows, columns] : [columns, rows], { key, dtype });
    const unit = apply(orthonormalizeOp, [random], undefined);
    return multiply(reshape(wide ? unit : transpose(unit, 0, 1), shape), gain);
  };
}
