/**
 * Keeps activations between convolutions in the order in which these are fastest: channels-last, or another of orders.ts.
 *
 * The nests in between (batch norm, activations, residual sums and their gradients) run as well on either order. So every
 * value [N, C, H, W] that does not cross the border of the program is put in this order if a convolution touches it,
 * directly or through nests that can follow; copies are made at the borders and around nodes that cannot.
 */
import {
  type Claim,
  type ConvolutionAttributes,
  type DType,
  type NestEpilogue,
  type OpRequest,
  type ProgramDraft,
  type ProgramNode,
  type Shape,
  sameShape,
  sizeOf,
} from "@sconce/core";
import { hasSlowSteps } from "../claims/post-operations.ts";
import { type Channels, channelsLastNest, channelsOf } from "./channels-last-nest.ts";
import { type Activations, inOrder, isApart, type LaidOutRequest, type Layout, type Order } from "./orders.ts";

/** Whether input `i` of a claimed node is an activation; operands of an epilogue come after the op's own. */
function isActivation({ inputs: own, epilogue }: OpRequest, { inputs }: Activations, i: number): boolean {
  if (i < own.length) return inputs?.includes(i) ?? true;
  return (epilogue as NestEpilogue).operands[i - own.length] === "element";
}

export function keepInOrder(draft: ProgramDraft, claim: Claim, order: Order): ProgramDraft {
  const pass = new Pass(draft, claim, order);
  return pass.run();
}

class Pass {
  readonly #draft: ProgramDraft;
  readonly #claim: Claim;
  readonly #order: Order;
  readonly #values: ProgramDraft["values"][number][];
  readonly #nodes: ProgramNode[] = [];
  /** Values that lie in the order, and what they are made of. */
  readonly #last = new Map<number, Channels>();
  /** Copies in the other order, by value, and the shape they are seen in. */
  readonly #copies = new Map<string, number>();
  /** How often each value is read. */
  readonly #reads = new Map<number, number>();

  constructor(draft: ProgramDraft, claim: Claim, order: Order) {
    this.#draft = draft;
    this.#claim = claim;
    this.#order = order;
    this.#values = [...draft.values];
    for (const value of draft.nodes.flatMap(({ inputs }) => inputs)) {
      this.#reads.set(value, (this.#reads.get(value) ?? 0) + 1);
    }
  }

  run(): ProgramDraft {
    this.#choose();
    if (this.#last.size === 0) return this.#draft;
    for (const node of this.#draft.nodes) this.#place(node);
    return { ...this.#draft, values: this.#values, nodes: this.#nodes };
  }

  /** Starts from what convolutions touch and spreads through nests and pools. */
  #choose(): void {
    const { nodes, outputs } = this.#draft;
    const fixed = new Set(outputs.map(({ value }) => value));
    const may = (value: number): boolean => {
      const { shape, dtype, source } = this.#values[value];
      return dtype === "float32" && source === undefined && !fixed.has(value) && isApart(this.#order, shape);
    };
    const add = (value: number): boolean => {
      if (this.#last.has(value) || !may(value)) return false;
      this.#last.set(value, channelsOf(this.#values[value].shape, this.#order.images));
      return true;
    };
    for (const {
      work,
      inputs,
      outputs: [output],
    } of nodes) {
      if (work.kind !== "claim") continue;
      const { request } = work;
      const touched = this.#order.ops[request.op];
      if (!touched || touched.follows || request.output.shape.length !== 4) continue;
      for (const input of inputs.filter((_, i) => isActivation(request, touched, i))) add(input);
      if (touched.output) add(output);
    }
    for (let grows = this.#last.size > 0; grows; ) {
      grows = false;
      for (const { work, inputs, outputs: written } of nodes) {
        const follows = work.kind === "nest" || (work.kind === "claim" && this.#order.ops[work.request.op]?.follows);
        if (!follows || ![...inputs, ...written].some((value) => this.#last.has(value))) continue;
        for (const value of [...inputs, ...written]) grows = add(value) || grows;
      }
    }
  }

  #place(node: ProgramNode): void {
    const { work } = node;
    if (work.kind === "nest") {
      const nest = channelsLastNest(
        work.nest,
        node.inputs.map((value) => this.#last.get(value)),
        node.outputs.map((value) => this.#last.get(value)),
      );
      if (nest) this.#nodes.push({ ...node, work: { kind: "nest", nest } });
      else this.#placePlain(node);
      return;
    }
    const touched = work.kind === "claim" ? this.#order.ops[work.request.op] : undefined;
    const isAlone = touched?.follows && ![...node.inputs, ...node.outputs].some((value) => this.#last.has(value));
    if (work.kind !== "claim" || !touched || isAlone || !this.#isWhole(node, work.request, touched)) {
      this.#placePlain(node);
      return;
    }
    const [output] = node.outputs;
    const fromPlanes = this.#readsPlanes(node, work.request);
    const layout: Layout = {
      inputs: node.inputs.map((_, i) => isActivation(work.request, touched, i) && !(i === 0 && fromPlanes)),
      output: touched.output,
      images: this.#order.images,
    };
    const { request: asked } = work;
    const inputs = node.inputs.map((value, i) => (layout.inputs[i] ? this.#inOrder(value, shapeOf(asked, i)) : value));
    const request: LaidOutRequest = { ...inOrder(asked, this.#order), layout };
    const kernel = this.#claim(request);
    if (!kernel) {
      this.#placePlain(node);
      return;
    }
    const laidOut: ProgramNode = { ...node, inputs, work: { kind: "claim", request, kernel } };
    const { shape } = request.output;
    if (!touched.output || this.#last.has(output) || !isApart(this.#order, shape)) {
      this.#nodes.push(laidOut);
      return;
    }
    const made = this.#newValue(shape, "float32");
    this.#nodes.push({ ...laidOut, outputs: [made] });
    this.#nodes.push(this.#copyNode(made, output, shape, false));
  }

  /**
   * Whether the values that an op works on can lie as it sees them: a reshaped one has no channels of its own, and has to be
   * row-major, from which it can be copied.
   */
  #isWhole({ inputs, outputs: [output] }: ProgramNode, request: OpRequest, touched: Activations): boolean {
    if (request.output.shape.length !== 4) return false;
    const fits = (value: number, shape: Shape): boolean => {
      const own = this.#values[value].shape;
      return sameShape(own, shape) || (!this.#last.has(value) && sizeOf(own) === sizeOf(shape));
    };
    const inputsFit = inputs.every(
      (value, i) => !isActivation(request, touched, i) || fits(value, shapeOf(request, i)),
    );
    return inputsFit && (!touched.output || fits(output, request.output.shape));
  }

  /** Whether it is a convolution that reads an image of few channels as well where it lies, row-major. */
  #readsPlanes({ inputs: [value] }: ProgramNode, request: OpRequest): boolean {
    if (this.#order.images > 1 || request.op !== "convolution" || this.#last.has(value)) return false;
    const { groups } = request.attributes as ConvolutionAttributes;
    const [outputs, channels, ...kernel] = request.inputs[1].shape;
    const isSmall = channels < 8 && sizeOf(kernel) <= 128;
    return groups === 1 && isSmall && outputs >= 8 && this.#reads.get(value) === 1 && !hasSlowSteps(request);
  }

  /** The node as it was, on row-major copies. */
  #placePlain(node: ProgramNode): void {
    const inputs = node.inputs.map((value) => this.#inPlain(value));
    const outputs = node.outputs.map((value) =>
      this.#last.has(value) ? this.#newValue(this.#values[value].shape, this.#values[value].dtype) : value,
    );
    this.#nodes.push({ ...node, inputs, outputs });
    node.outputs.forEach((value, i) => {
      if (!this.#last.has(value)) return;
      this.#nodes.push(this.#copyNode(outputs[i], value, this.#values[value].shape, true));
    });
  }

  #inOrder(value: number, shape: Shape): number {
    const already = this.#last.has(value) || !isApart(this.#order, shape);
    return already ? value : this.#copy(value, shape, true);
  }

  #inPlain(value: number): number {
    return this.#last.has(value) ? this.#copy(value, this.#values[value].shape, false) : value;
  }

  #copy(value: number, shape: Shape, toOrder: boolean): number {
    const key = [value, ...shape].join();
    const known = this.#copies.get(key);
    if (known !== undefined) return known;
    const made = this.#newValue(shape, this.#values[value].dtype);
    this.#nodes.push(this.#copyNode(value, made, shape, toOrder));
    this.#copies.set(key, made);
    return made;
  }

  /** A node that writes `from`, of this shape, to `to`: from row-major to the order, or back. */
  #copyNode(from: number, to: number, shape: Shape, toOrder: boolean): ProgramNode {
    const { images, name } = this.#order;
    const { channels, positions } = channelsOf(shape);
    const [outer, ...matrix] =
      images > 1 ? [shape[0] / images, images, channels * positions] : [shape[0], channels, positions];
    const [rows, columns] = toOrder ? matrix : matrix.reverse();
    const request: OpRequest = {
      op: "transpose",
      attributes: {},
      inputs: [{ shape: [outer, rows, columns], dtype: "float32" }],
      output: { shape: [outer, columns, rows], dtype: "float32" },
    };
    const kernel = this.#claim(request);
    if (!kernel) throw new Error(`native: no kernel copies ${shape} to another order.`);
    return {
      name: toOrder ? `to ${name}` : "to row-major",
      work: { kind: "claim", request, kernel },
      inputs: [from],
      outputs: [to],
      flops: 0,
    };
  }

  #newValue(shape: Shape, dtype: DType): number {
    return this.#values.push({ shape, dtype }) - 1;
  }
}

/** The shape in which an op sees an input; operands of an epilogue are like the result. */
function shapeOf({ inputs, output }: OpRequest, i: number): Shape {
  return i < inputs.length ? inputs[i].shape : output.shape;
}
