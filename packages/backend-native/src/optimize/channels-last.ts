/**
 * Keeps activations channels-last between convolutions.
 *
 * oneDNN's convolutions are fastest there, and the nests in between (batch norm, activations, residual sums and their
 * gradients) run as well on either order. So every value [N, C, H, W] that does not cross the border of the program
 * becomes channels-last if a convolution touches it, directly or through nests that can follow; copies are made at the
 * borders and around nodes that cannot.
 */
import {
  type Claim,
  type DType,
  type LoopNest,
  type NestEpilogue,
  type OpRequest,
  type ProgramDraft,
  type ProgramNode,
  type Shape,
  type Signature,
  sameShape,
} from "@sconce/core";
import type { TransposeAttributes } from "../claims/transpose.ts";
import { type Channels, channelsLastNest, channelsOf } from "./channels-last-nest.ts";

/** What a claim is told of the order its operands lie in: the positions of those that are channels-last. */
export interface Layout {
  readonly inputs: readonly boolean[];
  readonly output: boolean;
  /** Elements from one position of the output to the next, where its channels are some of a larger array's. */
  readonly distance?: number;
}

/** The request of a claim on operands of which some are channels-last. */
export interface LaidOutRequest extends OpRequest {
  readonly layout?: Layout;
}

interface Activations {
  /** All by default. */
  readonly inputs?: readonly number[];
  /** Not where it is a weight. */
  readonly output: boolean;
  /** Runs well in either order and takes the one of its neighbours. */
  readonly follows?: boolean;
}

/** For ops that can work channels-last: which inputs are activations, and whether the output is. */
const activations: Readonly<Record<string, Activations>> = {
  averagePool: { inputs: [0], output: true, follows: true },
  averagePoolGradient: { inputs: [0], output: true, follows: true },
  concatenate: { output: true, follows: true },
  convolution: { inputs: [0], output: true },
  convolutionInputGradient: { inputs: [0], output: true },
  convolutionWeightGradient: { output: false },
  maxPool: { inputs: [0], output: true, follows: true },
  maxPoolGradient: { output: true, follows: true },
  maxPoolSelect: { output: true, follows: true },
};

/** Whether input `i` of a claimed node is an activation; operands of an epilogue come after the op's own. */
function isActivation({ inputs: own, epilogue }: OpRequest, { inputs }: Activations, i: number): boolean {
  if (i < own.length) return inputs?.includes(i) ?? true;
  return (epilogue as NestEpilogue).operands[i - own.length] === "element";
}

export function channelsLast(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const pass = new Pass(draft, claim);
  return pass.run();
}

class Pass {
  readonly #draft: ProgramDraft;
  readonly #claim: Claim;
  readonly #values: ProgramDraft["values"][number][];
  readonly #nodes: ProgramNode[] = [];
  /** Values that lie channels-last, and what they are made of. */
  readonly #last = new Map<number, Channels>();
  /** Copies in the other order, by value. */
  readonly #copies = new Map<number, number>();

  constructor(draft: ProgramDraft, claim: Claim) {
    this.#draft = draft;
    this.#claim = claim;
    this.#values = [...draft.values];
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
      return dtype === "float32" && source === undefined && !fixed.has(value) && hasTwoOrders(shape);
    };
    const add = (value: number): boolean => {
      if (this.#last.has(value) || !may(value)) return false;
      this.#last.set(value, channelsOf(this.#values[value].shape));
      return true;
    };
    for (const {
      work,
      inputs,
      outputs: [output],
    } of nodes) {
      if (work.kind !== "claim") continue;
      const { request } = work;
      const touched = activations[request.op];
      if (!touched || touched.follows || request.output.shape.length !== 4) continue;
      for (const input of inputs.filter((_, i) => isActivation(request, touched, i))) add(input);
      if (touched.output) add(output);
    }
    for (let grows = this.#last.size > 0; grows; ) {
      grows = false;
      for (const { work, inputs, outputs: written } of nodes) {
        const follows = work.kind === "nest" || (work.kind === "claim" && activations[work.request.op]?.follows);
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
    const touched = work.kind === "claim" ? activations[work.request.op] : undefined;
    const isApart = touched?.follows && ![...node.inputs, ...node.outputs].some((value) => this.#last.has(value));
    if (work.kind !== "claim" || !touched || isApart || !this.#isWhole(node, work.request)) {
      this.#placePlain(node);
      return;
    }
    const [output] = node.outputs;
    const layout: Layout = {
      inputs: node.inputs.map((_, i) => isActivation(work.request, touched, i)),
      output: touched.output,
    };
    const inputs = node.inputs.map((value, i) => (layout.inputs[i] ? this.#inLast(value) : value));
    const request: LaidOutRequest = { ...work.request, layout };
    const kernel = this.#claim(request);
    if (!kernel) {
      this.#placePlain(node);
      return;
    }
    const laidOut: ProgramNode = { ...node, inputs, work: { kind: "claim", request, kernel } };
    if (!touched.output || this.#last.has(output) || !hasTwoOrders(this.#values[output].shape)) {
      this.#nodes.push(laidOut);
      return;
    }
    const made = this.#newValue(this.#values[output].shape, "float32");
    this.#nodes.push({ ...laidOut, outputs: [made] });
    this.#copyTo(made, output, "to row-major");
  }

  /** Whether the values of rank 4 that an op works on have the shapes it sees: a reshaped one has no channels of its own. */
  #isWhole({ inputs, outputs: [output] }: ProgramNode, request: OpRequest): boolean {
    if (request.output.shape.length !== 4) return false;
    const shapeOf = (i: number): Shape => (i < request.inputs.length ? request.inputs[i].shape : request.output.shape);
    const touched = activations[request.op];
    const inputsFit = inputs.every(
      (value, i) => !isActivation(request, touched, i) || sameShape(this.#values[value].shape, shapeOf(i)),
    );
    return inputsFit && (!touched.output || sameShape(this.#values[output].shape, request.output.shape));
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
      this.#copyTo(outputs[i], value, "to channels-last");
    });
  }

  #inLast(value: number): number {
    const already = this.#last.has(value) || !hasTwoOrders(this.#values[value].shape);
    return already ? value : this.#copy(value, "to channels-last");
  }

  #inPlain(value: number): number {
    return this.#last.has(value) ? this.#copy(value, "to row-major") : value;
  }

  #copy(value: number, direction: Direction): number {
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const { shape, dtype } = this.#values[value];
    const made = this.#newValue(shape, dtype);
    this.#copyTo(value, made, direction);
    this.#copies.set(value, made);
    return made;
  }

  #copyTo(from: number, to: number, direction: Direction): void {
    const work = copyWork(this.#values[from].shape, direction, this.#claim);
    this.#nodes.push({ name: direction, work, inputs: [from], outputs: [to], flops: 0 });
  }

  #newValue(shape: Shape, dtype: DType): number {
    return this.#values.push({ shape, dtype }) - 1;
  }
}

/** Whether channels-last differs from row-major: with one channel or one position they are the same bytes. */
function hasTwoOrders(shape: Shape): boolean {
  const { channels, positions } = channelsOf(shape);
  return shape.length === 4 && channels > 1 && positions > 1;
}

type Direction = "to channels-last" | "to row-major";

/** What writes a value of this shape in the other order. */
function copyWork(shape: Shape, direction: Direction, claim: Claim): ProgramNode["work"] {
  const { channels, positions } = channelsOf(shape);
  const [rows, columns] = direction === "to channels-last" ? [channels, positions] : [positions, channels];
  const attributes: TransposeAttributes = { matrices: shape[0], rows, columns };
  const signature: Signature = { shape, dtype: "float32" };
  const request: OpRequest = { op: "transpose", attributes, inputs: [signature], output: signature };
  const kernel = claim(request);
  if (kernel) return { kind: "claim", request, kernel };
  const access = { kind: "affine", offset: 0, strides: [rows * columns, 1, columns] } as const;
  const nest: LoopNest = {
    shape: [shape[0], columns, rows],
    inputs: ["float32"],
    body: [{ kind: "load", input: 0, dtype: "float32", access }],
    epilogue: [],
    stores: [{ value: 0, dtype: "float32" }],
  };
  return { kind: "nest", nest };
}
