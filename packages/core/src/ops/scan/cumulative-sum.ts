/**
 * Sums of everything up to each position.
 *
 * A short axis is one triangular reduction. A longer one is cut into blocks of about its square root, 64 at most: the
 * sums within the blocks, plus the cumulative sum of the totals of the blocks before, which is the same problem, smaller.
 */
import type { Signature } from "../../backend/backend.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { normalizeAxis } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { moveAxis, pad } from "../movement/pad.ts";
import { reshape, unsqueeze } from "../movement/reshape.ts";
import { narrow } from "../movement/slice.ts";
import { sum } from "../reduction/reduce.ts";

interface DirectionAttributes {
  /** Whether sums run from the end. */
  readonly reverse: boolean;
  /** Whether an element is left out of its own sum. */
  readonly exclusive: boolean;
}

interface CumulativeAttributes extends DirectionAttributes {
  readonly axis: number;
}

const longestBlock = 64;

function sameSignature([x]: readonly Signature[]): Signature {
  return { shape: x.shape, dtype: x.dtype };
}

/** Cumulative sums of the last axis, each added up on its own. */
const triangularSumOp: OpDefinition<DirectionAttributes> = /* @__PURE__ */ defineOp({
  name: "triangularSum",
  infer: sameSignature,
  lower: (element, { reverse, exclusive }) => {
    const { build } = element;
    const lead = element.index.slice(0, -1);
    const at = element.index[element.index.length - 1];
    const extent = element.output.shape[element.index.length - 1];
    return element.reduce("sum", [extent], ([from]) => {
      const distance = reverse
        ? build.addIndex(from, build.scaleIndex(at, -1))
        : build.addIndex(at, build.scaleIndex(from, -1));
      return element.load(0, [...lead, from], build.inRange(build.addIndex(distance, exclusive ? -1 : 0), extent));
    });
  },
  gradient: (g, _, { reverse, exclusive }) => [apply(triangularSumOp, [g], { reverse: !reverse, exclusive })],
});

export const cumulativeSumOp: OpDefinition<CumulativeAttributes> = /* @__PURE__ */ defineOp({
  name: "cumulativeSum",
  infer: sameSignature,
  decompose: ([x], { axis, ...direction }) => moveAxis(alongLast(moveAxis(x, axis, -1), direction), -1, axis),
  gradient: (g, _, { axis, reverse, exclusive }) => [
    apply(cumulativeSumOp, [g], { axis, reverse: !reverse, exclusive }),
  ],
});

function alongLast(x: Tensor, direction: DirectionAttributes): Tensor {
  const extent = x.shape[x.rank - 1];
  if (extent <= longestBlock) return apply(triangularSumOp, [x], direction);
  const length = Math.min(longestBlock, Math.ceil(Math.sqrt(extent)));
  const count = Math.ceil(extent / length);
  const full = pad(
    x,
    x.shape.map((_, axis) => [0, axis === x.rank - 1 ? count * length - extent : 0]),
  );
  const blocks = reshape(full, [...x.shape.slice(0, -1), count, length]);
  const before = alongLast(sum(blocks, { axes: -1 }), { ...direction, exclusive: true });
  const sums = add(apply(triangularSumOp, [blocks], direction), unsqueeze(before, -1));
  return narrow(reshape(sums, full.shape), -1, 0, extent);
}

export type CumulativeOptions = Partial<DirectionAttributes>;

/** The sum of all elements of `x` up to and including each position of `axis`; bool and uint8 are counted as int32. */
export function cumulativeSum(
  x: Tensor,
  axis: number,
  { reverse = false, exclusive = false }: CumulativeOptions = {},
): Tensor {
  const at = normalizeAxis("cumulativeSum", axis, x.rank);
  const counted = x.dtype === "bool" || x.dtype === "uint8" ? cast(x, "int32") : x;
  return apply(cumulativeSumOp, [counted], { axis: at, reverse, exclusive });
}
