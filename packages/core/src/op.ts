/** What an op is, and how one is applied. */
import type { Routine, Signature } from "./backend/backend.ts";
import type { ElementBuilder } from "./compiler/element.ts";
import type { Expression } from "./compiler/expression.ts";
import { SconceError } from "./errors.ts";
import { callSite } from "./runtime/call-site.ts";
import { Tensor } from "./tensor.ts";

/**
 * An op is one object. Exactly one of `lower` (primitive), `decompose` (composite) and `routine` says how it is computed.
 * `Attributes` must be plain data (numbers, strings, booleans, arrays and objects of these): they are part of a
 * program's key.
 */
export interface OpDefinition<Attributes = unknown> {
  readonly name: string;
  readonly traits?: OpTraits;
  /** Shape and dtype of the result; throws ShapeError or DTypeError naming the op, the shapes and the fix. */
  infer(inputs: readonly Signature[], attributes: Attributes): Signature;
  /** Primitive: the value of one output element, as an expression of elements of its inputs. */
  lower?(element: ElementBuilder, attributes: Attributes): Expression;
  /** Composite: the same result from other ops. A backend may claim the op whole instead. */
  decompose?(inputs: readonly Tensor[], attributes: Attributes): Tensor;
  /** Routine: data-dependent work (sort, nms) on host arrays, when no backend claims it. */
  routine?(attributes: Attributes): Routine;
  /** The input that is the result already, when the others make it trivial; asked when a program is made. */
  simplify?(inputs: readonly Tensor[]): Tensor | undefined;
  /** Gradient rule in terms of other ops, one result per input (null: no gradient). A composite without one is differentiated through `decompose`. */
  gradient?(outputGradient: Tensor, node: Tensor, attributes: Attributes): readonly (Tensor | null)[];
  /** The sum of several results of this op, where one node is cheaper than adding them up; undefined where it is not. */
  sum?(terms: readonly Tensor[]): Tensor | undefined;
  /** Floating-point operations of one run, for profiles and summaries; without it elements are counted. */
  flops?(inputs: readonly Signature[], output: Signature, attributes: Attributes): number;
}

/** What shared code may ask of an op instead of comparing names. */
export interface OpTraits {
  /** The result has the same elements in the same order: a contiguous buffer serves both. */
  readonly relabels?: boolean;
  /** Never evaluated, merged or folded: it stands for a value given from outside. */
  readonly source?: boolean;
  /** Its value is one constant number. */
  readonly constant?: boolean;
  /** Its elements are those of its input, each at least once. */
  readonly repeats?: boolean;
  /** Its input gets a buffer and is not computed anew by each reader. */
  readonly stores?: boolean;
}

/** Applies `op` to `inputs`: checks shapes and dtypes, and returns the new node. */
export function apply<Attributes>(
  op: OpDefinition<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): Tensor {
  const tensor = new Tensor(op as OpDefinition, inputs, attributes, op.infer(inputs, attributes));
  tensor.site = callSite();
  return tensor;
}

/** Checks an op's definition once and returns it; declare every op through this. */
export function defineOp<Attributes>(op: OpDefinition<Attributes>): OpDefinition<Attributes> {
  const ways = [op.lower, op.decompose, op.routine].filter((way) => way !== undefined).length;
  if (ways !== 1 && !op.traits?.source) {
    throw new SconceError(
      `op ${op.name}: defines ${ways} of lower, decompose and routine; define exactly one of them.`,
    );
  }
  return op;
}
