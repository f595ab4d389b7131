/**
 * From expressions to a LoopNest: one instruction list inside the reduction, one after it, with neighbouring loops
 * joined into one wherever every access allows it (an elementwise kernel over [8, 64, 56, 56] becomes one long loop).
 */
import type { Access, Accumulator, Instruction, LoopNest } from "../backend/loop-nest.ts";
import type { DType } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import type { Expression, Index } from "./expression.ts";
import { indicesOf } from "./facts.ts";
import { type Domain, Puller } from "./pull.ts";

/** A nest and the tensors that its inputs and stores stand for. */
export interface BuiltNest {
  readonly nest: LoopNest;
  readonly inputs: readonly Tensor[];
}

/** Builds the kernel that stores `outputs`; `inline` says which tensors are computed inside it. */
export function buildNest(domain: Domain, outputs: readonly Tensor[], inline: (tensor: Tensor) => boolean): BuiltNest {
  const puller = new Puller(domain, inline);
  const values = outputs.map((output) => puller.root(output));
  const loops = joinLoops(domain, indicesOf(values));
  return new Emitter(loops).emit(values, outputs);
}

interface JoinedLoops {
  readonly output: readonly number[];
  readonly reduce: readonly number[];
  /** The original loops whose strides remain, in order. */
  readonly kept: readonly number[];
}

function joinLoops(domain: Domain, indices: readonly Index[]): JoinedLoops {
  const extents = [...domain.output, ...domain.reduce];
  const kept: number[] = [];
  const joined: number[] = [];
  extents.forEach((extent, loop) => {
    const previous = kept[kept.length - 1];
    const sameKind = kept.length > 0 && previous < domain.output.length === loop < domain.output.length;
    // The joined loop counts in steps of the inner one, so the outer stride must be the inner stride times its extent.
    if (sameKind && indices.every(({ strides }) => strides[previous] === strides[loop] * extent)) {
      kept[kept.length - 1] = loop;
      joined[joined.length - 1] *= extent;
    } else {
      kept.push(loop);
      joined.push(extent);
    }
  });
  const outputs = kept.filter((loop) => loop < domain.output.length).length;
  return { output: joined.slice(0, outputs), reduce: joined.slice(outputs), kept };
}

class Emitter {
  readonly #loops: JoinedLoops;
  readonly #inputs: Tensor[] = [];
  readonly #accumulators: (Accumulator & { expression: Expression })[] = [];

  constructor(loops: JoinedLoops) {
    this.#loops = loops;
  }

  emit(values: readonly Expression[], outputs: readonly Tensor[]): BuiltNest {
    const body = new Region(this.#loops.kept, this.#input);
    const reductions = collectReductions(values);
    for (const expression of reductions) {
      const { combine, value } = expression.node;
      this.#accumulators.push({ value: body.emit(value), combine, dtype: expression.dtype, expression });
    }
    const outer = this.#loops.kept.slice(0, this.#loops.output.length);
    const last =
      reductions.length > 0
        ? new Region(
            outer,
            this.#input,
            this.#accumulators.map((a) => a.expression),
          )
        : body;
    const stores = values.map((value, i) => ({ value: last.emit(value), dtype: outputs[i].dtype }));
    const nest: LoopNest = {
      shape: this.#loops.output,
      ...(reductions.length > 0 && {
        reduce: {
          extent: this.#loops.reduce,
          accumulators: this.#accumulators.map(({ value, combine, dtype }) => ({ value, combine, dtype })),
        },
      }),
      inputs: this.#inputs.map((input) => input.dtype),
      body: body.instructions,
      epilogue: last === body ? [] : last.instructions,
      stores,
    };
    return { nest, inputs: this.#inputs };
  }

  readonly #input = (tensor: Tensor): number => {
    const at = this.#inputs.indexOf(tensor);
    return at >= 0 ? at : this.#inputs.push(tensor) - 1;
  };
}

type Reduction = Expression & { readonly node: { readonly kind: "reduce" } };

function collectReductions(values: readonly Expression[]): Reduction[] {
  const found = new Set<Reduction>();
  const seen = new Set<Expression>();
  const walk = (expression: Expression): void => {
    if (seen.has(expression)) return;
    seen.add(expression);
    const { node } = expression;
    if (node.kind === "reduce") found.add(expression as Reduction);
    else if (node.kind === "apply") node.operands.forEach(walk);
    else if (node.kind === "load" && node.guard) walk(node.guard);
    if (node.kind === "load" || node.kind === "position") for (const term of node.index.computed) walk(term.value);
  };
  values.forEach(walk);
  return [...found];
}

/** One instruction list. */
class Region {
  readonly instructions: Instruction[] = [];
  readonly #loops: readonly number[];
  readonly #input: (tensor: Tensor) => number;
  readonly #accumulated: readonly Expression[];
  readonly #places = new Map<Expression, number>();
  readonly #shared = new Map<string, number>();

  constructor(loops: readonly number[], input: (tensor: Tensor) => number, accumulated: readonly Expression[] = []) {
    this.#loops = loops;
    this.#input = input;
    this.#accumulated = accumulated;
  }

  emit(expression: Expression): number {
    let place = this.#places.get(expression);
    if (place === undefined) {
      place = this.#emitNew(expression);
      this.#places.set(expression, place);
    }
    return place;
  }

  #emitNew(expression: Expression): number {
    const { node, dtype } = expression;
    switch (node.kind) {
      case "constant":
        return this.#constant(node.value, dtype);
      case "position":
        return this.#position(node.index);
      case "apply":
        return this.#push({
          kind: "apply",
          operator: node.operator,
          dtype,
          operands: node.operands.map((o) => this.emit(o)),
        });
      case "reduce":
        return this.#push({ kind: "accumulator", index: this.#accumulated.indexOf(expression) });
      case "load": {
        const guard = node.guard && this.emit(node.guard);
        const access = this.#access(node.index);
        return this.#push({
          kind: "load",
          input: this.#input(node.tensor),
          dtype,
          access,
          ...(guard !== undefined && { guard }),
        });
      }
    }
  }

  #access(index: Index): Access {
    if (index.computed.length > 0) return { kind: "computed", index: this.#position(index) };
    return { kind: "affine", offset: index.offset, strides: this.#loops.map((loop) => index.strides[loop]) };
  }

  #push(instruction: Instruction): number {
    return this.instructions.push(instruction) - 1;
  }

  #constant(value: number, dtype: DType): number {
    const key = `${dtype}:${Object.is(value, -0) ? "-0" : value}`;
    return this.#share(key, { kind: "constant", dtype, value });
  }

  #share(key: string, instruction: Instruction): number {
    let place = this.#shared.get(key);
    if (place === undefined) {
      place = this.#push(instruction);
      this.#shared.set(key, place);
    }
    return place;
  }

  /** offset + sum of scaled loops and values, as int32 arithmetic. */
  #position(index: Index): number {
    const terms: number[] = [];
    this.#loops.forEach((loop, axis) => {
      const stride = index.strides[loop];
      if (stride !== 0) terms.push(this.#scaled(this.#share(`axis${axis}`, { kind: "index", axis }), stride));
    });
    for (const { value, stride } of index.computed)
      if (stride !== 0) terms.push(this.#scaled(this.emit(value), stride));
    if (index.offset !== 0 || terms.length === 0) terms.push(this.#constant(index.offset, "int32"));
    return terms.reduce((sum, term) => this.#integer("add", sum, term));
  }

  #scaled(value: number, stride: number): number {
    return stride === 1 ? value : this.#integer("multiply", value, this.#constant(stride, "int32"));
  }

  #integer(operator: "add" | "multiply", a: number, b: number): number {
    return this.#share(`${operator}:${a}:${b}`, { kind: "apply", operator, dtype: "int32", operands: [a, b] });
  }
}
