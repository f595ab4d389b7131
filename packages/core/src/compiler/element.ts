/** What an op's `lower` is given: its place in the output, and the means to say what value belongs there. */
import type { Signature } from "../backend/backend.ts";
import type { Combine } from "../backend/loop-nest.ts";
import type { ScalarOperator } from "../backend/scalar-operator.ts";
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import type { Expression, ExpressionBuilder, Index } from "./expression.ts";

/** Builds the expression of one output element. */
export interface ElementBuilder {
  readonly inputs: readonly Signature[];
  readonly output: Signature;
  /** The position along each output axis. */
  readonly index: readonly Index[];
  /** Index arithmetic: addIndex, scaleIndex, divideIndex, inRange, position, fromExpression. */
  readonly build: ExpressionBuilder;
  /** The element of an input at a position; 0 where the guard is false. Without a position, the output's own. */
  load(input: number, index?: readonly Index[], guard?: Expression): Expression;
  constant(value: number, dtype?: DType): Expression;
  apply(operator: ScalarOperator, ...operands: readonly Expression[]): Expression;
  cast(value: Expression, dtype: DType): Expression;
  /** Accumulates `body` over loops of the given extents. At most one reduction per op. */
  reduce(combine: Combine, extents: Shape, body: (position: readonly Index[]) => Expression): Expression;
}
