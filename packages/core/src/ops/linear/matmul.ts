/** Matrix products with batching. */
import type { Signature } from "../../backend/backend.ts";
import { promote, toFloat } from "../../dtype.ts";
import { ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { broadcastShapes, formatShape, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { multiply } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { broadcastTo, sumTo } from "../movement/broadcast-to.ts";
import { concatenate } from "../movement/concatenate.ts";
import { permuteOp, transpose } from "../movement/permute.ts";
import { reshape, unsqueeze } from "../movement/reshape.ts";
import { sum } from "../reduction/reduce.ts";

/** Which operands are taken with their last two axes exchanged. */
export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface MatrixShape {
  readonly batch: Shape;
  readonly rows: number;
  readonly columns: number;
}

function matrixShape(shape: Shape, transposed: boolean): MatrixShape {
  const [rows, columns] = shape.slice(-2);
  return { batch: shape.slice(0, -2), rows: transposed ? columns : rows, columns: transposed ? rows : columns };
}

/** A [..., m, k] times B [..., k, n]; leading axes broadcast. */
export const matmulOp: OpDefinition<MatmulAttributes> = /* @__PURE__ */ defineOp({
  name: "matmul",
  infer: ([a, b], { transposeA, transposeB }): Signature => {
    const [left, right] = [matrixShape(a.shape, transposeA), matrixShape(b.shape, transposeB)];
    if (left.columns !== right.rows) {
      const shown = (shape: Shape, transposed: boolean): string =>
        `${formatShape(shape)}${transposed ? " transposed" : ""}`;
      throw new ShapeError(
        `matmul: ${shown(a.shape, transposeA)} times ${shown(b.shape, transposeB)}: the first has ${left.columns} columns, the second ${right.rows} rows; ` +
          "they must be equal. Transpose one of them: matmul(a, b, { transposeB: true }).",
      );
    }
    return { shape: [...broadcastShapes("matmul", left.batch, right.batch), left.rows, right.columns], dtype: a.dtype };
  },
  decompose: ([a, b], { transposeA, transposeB }) => {
    // [..., m, 1, k] times [..., 1, n, k], summed over k.
    const left = unsqueeze(transposeA ? transpose(a) : a, -2);
    const right = unsqueeze(transposeB ? b : transpose(b), -3);
    return sum(multiply(left, right), { axes: -1 });
  },
  gradient: (g, node, { transposeA, transposeB }) => {
    const [a, b] = node.inputs;
    const forA = transposeA ? product(b, g, transposeB, true) : product(g, b, false, !transposeB);
    const forB = transposeB ? product(g, a, true, transposeA) : product(a, g, !transposeA, false);
    return [sumTo(forA, a.shape), sumTo(forB, b.shape)];
  },
  sum: joined,
  flops: ([a], output, { transposeA }) => 2 * sizeOf(output.shape) * matrixShape(a.shape, transposeA).columns,
});

/**
 * A1^T B1 + A2^T B2 + ... = [A1; A2; ...]^T [B1; B2; ...], as the gradients of a weight that every step of a recurrence
 * uses.
 */
function joined(terms: readonly Tensor[]): Tensor | undefined {
  const alike = terms.every(({ shape, attributes }) => {
    const { transposeA, transposeB } = attributes as MatmulAttributes;
    return shape.length === 2 && transposeA && !transposeB;
  });
  if (terms.length < 3 || !alike) return undefined;
  const [a, b] = [0, 1].map((side) => concatenate(terms.map(({ inputs }) => inputs[side])));
  return apply(matmulOp, [a, b], { transposeA: true, transposeB: false });
}

/** Applies the op, taking a transposition of an operand into its flag. */
function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const [x, flippedA] = untransposed(a);
  const [y, flippedB] = untransposed(b);
  return apply(matmulOp, [x, y], { transposeA: transposeA !== flippedA, transposeB: transposeB !== flippedB });
}

/** The tensor that `x` is the transpose of, if it is one. */
function untransposed(x: Tensor): [Tensor, boolean] {
  if (x.source || x.op !== permuteOp) return [x, false];
  const { order } = x.attributes as { order: readonly number[] };
  const exchanged = order.every(
    (axis, at) => axis === (at === x.rank - 2 ? x.rank - 1 : at === x.rank - 1 ? x.rank - 2 : at),
  );
  return exchanged ? [x.inputs[0], true] : [x, false];
}

/**
 * The matrix product of `a` [..., m, k] and `b` [..., k, n]; leading axes broadcast. A vector is taken as a row on the
 * left and a column on the right, and that axis is dropped from the result. Integers give float32.
 */
export function matmul(a: Tensor, b: Tensor, options: Partial<MatmulAttributes> = {}): Tensor {
  if (a.rank === 0 || b.rank === 0) {
    throw new ShapeError(
      `matmul: ${formatShape(a.shape)} times ${formatShape(b.shape)}: a scalar is no matrix; use multiply.`,
    );
  }
  const dtype = toFloat(promote("matmul", a.dtype, b.dtype));
  const [x, y] = [cast(a, dtype), cast(b, dtype)];
  const left = x.rank === 1 ? reshape(x, [1, x.size]) : x;
  const right = y.rank === 1 ? reshape(y, [y.size, 1]) : y;
  const transposeA = a.rank > 1 && (options.transposeA ?? false);
  const transposeB = b.rank > 1 && (options.transposeB ?? false);
  // Checked here, so that an error shows the shapes as they were given.
  matmulOp.infer([left, right], { transposeA, transposeB });
  let result: Tensor;
  if (right.rank === 2 && left.rank > 2 && !transposeA) {
    // One matrix for the whole batch: a single tall product.
    const [rows, columns] = [sizeOf(left.shape.slice(0, -1)), left.shape[left.rank - 1]];
    const tall = product(reshape(left, [rows, columns]), right, false, transposeB);
    result = reshape(tall, [...left.shape.slice(0, -1), tall.shape[1]]);
  } else result = product(left, right, transposeA, transposeB);
  const shape = result.shape.filter(
    (_, axis) => !(a.rank === 1 && axis === result.rank - 2) && !(b.rank === 1 && axis === result.rank - 1),
  );
  return reshape(result, shape);
}

/** The outer product of two vectors: [m] and [n] give [m, n]. */
export function outer(a: Tensor, b: Tensor): Tensor {
  if (a.rank !== 1 || b.rank !== 1) {
    throw new ShapeError(
      `outer: ${formatShape(a.shape)} and ${formatShape(b.shape)} are not both vectors; flatten them first, or use matmul.`,
    );
  }
  return multiply(unsqueeze(a, -1), broadcastTo(unsqueeze(b, 0), [a.size, b.size]));
}
