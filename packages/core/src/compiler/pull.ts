/**
 * Pulling: builds the expression of a tensor's element at a given position by lowering its op, and the ops of the
 * inputs that `inline` accepts, until only loads are left. This is how producers fuse into loop nests.
 */
import type { Combine } from "../backend/loop-nest.ts";
import type { ScalarOperator } from "../backend/scalar-operator.ts";
import type { DType } from "../dtype.ts";
import { SconceError } from "../errors.ts";
import { type Shape, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { ElementBuilder } from "./element.ts";
import { type Expression, ExpressionBuilder, type Index, indexKey } from "./expression.ts";

/** The loops of a kernel: output loops without unit axes, then the loops of its reduction without unit axes. */
export interface Domain {
  readonly output: Shape;
  readonly reduce: Shape;
}

export class Puller {
  readonly build: ExpressionBuilder;
  readonly #domain: Domain;
  readonly #inline: (tensor: Tensor) => boolean;
  readonly #memo = new Map<string, Expression>();

  readonly #probe: ((extents: Shape) => void) | undefined;

  /** With a `probe`, reductions are not built but reported. */
  constructor(domain: Domain, inline: (tensor: Tensor) => boolean, probe?: (extents: Shape) => void) {
    this.#domain = domain;
    this.#inline = inline;
    this.#probe = probe;
    this.build = new ExpressionBuilder([...domain.output, ...domain.reduce]);
  }

  /** The value that the kernel stores for `tensor`, whose shape without unit axes is the domain's output. */
  root(tensor: Tensor): Expression {
    return this.#lower(tensor, this.#positions(tensor.shape, 0));
  }

  /** The element of `tensor` at `index`: pulled in, or loaded. */
  element(tensor: Tensor, index: readonly Index[], guard?: Expression): Expression {
    if (!this.#inline(tensor)) return this.build.load(tensor, this.flatten(tensor.shape, index), guard);
    // The guard goes down to every load below, so that nothing is read at a position outside its tensor.
    const value = this.#lower(tensor, index, guard);
    return guard ? this.build.apply("where", [guard, value, this.build.constant(0, value.dtype)]) : value;
  }

  /** The row-major offset of a position. */
  flatten(shape: Shape, index: readonly Index[]): Index {
    const strides = stridesOf(shape);
    return index.reduce(
      (sum, position, axis) => this.build.addIndex(sum, this.build.scaleIndex(position, strides[axis])),
      this.build.fixed(0),
    );
  }

  /** One loop per axis longer than one, starting with loop `first`. */
  #positions(extents: Shape, first: number): Index[] {
    let loop = first;
    return extents.map((extent) => (extent === 1 ? this.build.fixed(0) : this.build.loop(loop++)));
  }

  #lower(tensor: Tensor, index: readonly Index[], guard?: Expression): Expression {
    const key = `${tensor.id}@${index.map(indexKey).join("|")}@${guard?.id ?? ""}`;
    let value = this.#memo.get(key);
    if (!value) {
      const { op } = tensor;
      if (!op.lower) throw new SconceError(`op ${op.name}: cannot be fused, it has no lower.`);
      value = op.lower(this.#elementBuilder(tensor, index, guard), tensor.attributes);
      if (value.dtype !== tensor.dtype) value = this.build.apply("cast", [value], tensor.dtype);
      this.#memo.set(key, value);
    }
    return value;
  }

  #elementBuilder(tensor: Tensor, index: readonly Index[], outer: Expression | undefined): ElementBuilder {
    const { build } = this;
    const within = (guard: Expression | undefined): Expression | undefined =>
      outer && guard ? build.apply("and", [outer, guard]) : (outer ?? guard);
    return {
      inputs: tensor.inputs,
      output: tensor,
      index,
      build,
      load: (input: number, position: readonly Index[] = index, guard?: Expression): Expression =>
        this.element(tensor.inputs[input], position, within(guard)),
      constant: (value: number, dtype: DType = tensor.dtype): Expression => build.constant(value, dtype),
      apply: (operator: ScalarOperator, ...operands: readonly Expression[]): Expression =>
        build.apply(operator, operands),
      cast: (value: Expression, dtype: DType): Expression => build.apply("cast", [value], dtype),
      reduce: (combine: Combine, extents: Shape, body: (position: readonly Index[]) => Expression): Expression => {
        if (this.#probe) {
          this.#probe(extents);
          return build.constant(0, tensor.dtype);
        }
        return build.reduce(combine, body(this.#positions(extents, this.#domain.output.length)));
      },
    };
  }
}

/** A shape without its axes of extent 1: what decides whether two tensors can share a kernel's loops. */
export function withoutUnits(shape: Shape): Shape {
  return shape.filter((extent) => extent !== 1);
}
