/** Sums, products, maxima and minima over axes. */
import type { Signature } from "../../backend/backend.ts";
import type { Combine } from "../../backend/loop-nest.ts";
import type { Index } from "../../compiler/expression.ts";
import { isFloat } from "../../dtype.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { normalizeAxes } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { full, zerosLike } from "../creation/full.ts";
import { divide, multiply } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { equal, logicalAnd } from "../elementwise/comparison.ts";
import { where } from "../elementwise/where.ts";
import { broadcastTo } from "../movement/broadcast-to.ts";
import { reshape } from "../movement/reshape.ts";
import { once } from "../once.ts";

interface ReduceAttributes {
  /** Ascending. */
  readonly axes: readonly number[];
}

/** Which axes are reduced, and whether they stay as axes of extent 1. */
export interface ReduceOptions {
  /** All axes by default; negative ones count from the end. */
  readonly axes?: number | readonly number[];
  readonly keepAxes?: boolean;
}

type ReduceGradient = (outputGradient: Tensor, x: Tensor, y: Tensor, axes: readonly number[]) => Tensor;

/** `outputGradient` and `y` reach the rule with the reduced axes kept, broadcast to the shape of x. */
function reduction(name: string, combine: Combine, gradient: ReduceGradient): OpDefinition<ReduceAttributes> {
  return defineOp<ReduceAttributes>({
    name,
    infer: ([x], { axes }): Signature => ({ shape: x.shape.filter((_, axis) => !axes.includes(axis)), dtype: x.dtype }),
    lower: (element, { axes }) => {
      const [{ shape }] = element.inputs;
      return element.reduce(
        combine,
        axes.map((axis) => shape[axis]),
        (inner) => {
          let kept = 0;
          const position = shape.map(
            (_, axis): Index => (axes.includes(axis) ? inner[axes.indexOf(axis)] : element.index[kept++]),
          );
          return element.load(0, position);
        },
      );
    },
    gradient: (outputGradient, node, { axes }) => {
      const [x] = node.inputs;
      if (!isFloat(x.dtype)) return [null];
      return [gradient(spread(outputGradient, x, axes), x, spread(node, x, axes), axes)];
    },
  });
}

/** A reduced tensor over the shape it was reduced from. */
function spread(reduced: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return broadcastTo(reshape(reduced, keptShape(x, axes)), x.shape);
}

function keptShape(x: Tensor, axes: readonly number[]): number[] {
  return x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

/** The gradient is shared equally among equal extremes, as PyTorch's amax does. */
const extremeGradient: ReduceGradient = (g, x, y, axes) => {
  const chosen = equal(once(x), y);
  const count = spread(reduceOver(sumOp, cast(chosen, x.dtype), axes), x, axes);
  return where(chosen, divide(g, count), zerosLike(g));
};

/** The product of the others: y / x, or directly where zeros make that impossible. */
const productGradient: ReduceGradient = (g, x, y, axes) => {
  const isZero = equal(x, 0);
  const one = full(x.shape, 1, x.dtype);
  const withoutZeros = where(isZero, one, x);
  const others = spread(reduceOver(productOp, withoutZeros, axes), x, axes);
  const zeroCount = spread(reduceOver(sumOp, cast(isZero, x.dtype), axes), x, axes);
  const onlyZero = logicalAnd(isZero, equal(zeroCount, 1));
  return multiply(g, where(equal(zeroCount, 0), divide(y, withoutZeros), where(onlyZero, others, zerosLike(x))));
};

export const sumOp: OpDefinition<ReduceAttributes> = /* @__PURE__ */ reduction("sum", "sum", (g) => g);
export const maxOp: OpDefinition<ReduceAttributes> = /* @__PURE__ */ reduction("max", "max", extremeGradient);
export const minOp: OpDefinition<ReduceAttributes> = /* @__PURE__ */ reduction("min", "min", extremeGradient);
export const productOp: OpDefinition<ReduceAttributes> = /* @__PURE__ */ reduction(
  "product",
  "product",
  productGradient,
);

function reduceOver(op: OpDefinition<ReduceAttributes>, x: Tensor, axes: readonly number[]): Tensor {
  return axes.length === 0 ? x : apply(op, [x], { axes });
}

function reduce(op: OpDefinition<ReduceAttributes>, x: Tensor, { axes, keepAxes }: ReduceOptions): Tensor {
  const chosen = normalizeAxes(op.name, axes, x.rank);
  const result = reduceOver(op, x, chosen);
  return keepAxes ? reshape(result, keptShape(x, chosen)) : result;
}

/** The sum over axes; bool is counted as int32. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(sumOp, x.dtype === "bool" || x.dtype === "uint8" ? cast(x, "int32") : x, options);
}

/** The product over axes. */
export function product(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(productOp, x.dtype === "bool" || x.dtype === "uint8" ? cast(x, "int32") : x, options);
}

/** The largest value over axes; NaN if there is one. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return x.dtype === "bool" ? cast(reduce(maxOp, cast(x, "uint8"), options), "bool") : reduce(maxOp, x, options);
}

/** The smallest value over axes; NaN if there is one. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return x.dtype === "bool" ? cast(reduce(minOp, cast(x, "uint8"), options), "bool") : reduce(minOp, x, options);
}
