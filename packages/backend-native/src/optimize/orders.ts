/**
 * The orders in which activations [N, C, H, W] may lie inside a program, other than row-major.
 *
 * Channels-last suits convolutions of many channels. Where there are few, neither they nor the columns of small planes
 * fill vectors; there, 16 images lie side by side, [N / 16, C, H, W, 16], as addon/images/images.h tells.
 */
import type { Claim, OpRequest, ProgramDraft, Shape } from "@sconce/core";
import { sizeOf } from "@sconce/core";

/** What a claim is told of the order its operands lie in: the positions of those that are not row-major. */
export interface Layout {
  readonly inputs: readonly boolean[];
  readonly output: boolean;
  /** How many images lie side by side; with one, these operands are channels-last. */
  readonly images: number;
  /** Channels-last, elements from one position of the output to the next, where its channels are some of a larger array's. */
  readonly distance?: number;
}

/** The request of a claim on operands of which some are not row-major. */
export interface LaidOutRequest extends OpRequest {
  readonly layout?: Layout;
}

export interface Activations {
  /** All by default. */
  readonly inputs?: readonly number[];
  /** Not where it is a weight. */
  readonly output: boolean;
  /** Runs well in either order and takes the one of its neighbours. */
  readonly follows?: boolean;
  /** The op's name in this order, where it has its own. */
  readonly name?: string;
}

export interface Order {
  /** For people. */
  readonly name: string;
  readonly images: number;
  /** For ops that can work in this order: which inputs are activations, and whether the output is. */
  readonly ops: Readonly<Record<string, Activations>>;
}

const pools: Order["ops"] = {
  averagePool: { inputs: [0], output: true, follows: true },
  averagePoolGradient: { inputs: [0], output: true, follows: true },
  maxPool: { inputs: [0], output: true, follows: true },
  maxPoolGradient: { output: true, follows: true },
  maxPoolSelect: { output: true, follows: true },
};

export const channelsLast: Order = {
  name: "channels-last",
  images: 1,
  ops: {
    ...pools,
    concatenate: { output: true, follows: true },
    convolution: { inputs: [0], output: true },
    convolutionInputGradient: { inputs: [0], output: true },
    convolutionWeightGradient: { output: false },
  },
};

export const imagesSideBySide: Order = {
  name: "images side by side",
  images: 16,
  ops: {
    ...pools,
    convolution: { inputs: [0], output: true, name: "imagesConvolution" },
    convolutionInputGradient: { inputs: [0], output: true, name: "imagesConvolutionInputGradient" },
    convolutionWeightGradient: { output: false, name: "imagesConvolutionWeightGradient" },
  },
};

/** Whether values of this shape can lie in the order, as other bytes than row-major. */
export function isApart({ images }: Order, shape: Shape): boolean {
  const [batch, channels, ...spatial] = shape;
  const positions = sizeOf(spatial);
  if (shape.length !== 4 || batch === 0) return false;
  return images > 1 ? batch % images === 0 && channels * positions > 1 : channels > 1 && positions > 1;
}

/** The order that suits a program: images side by side where all its convolutions can work so, or channels-last. */
export function orderFor({ nodes }: ProgramDraft, claim: Claim): Order {
  const convolutions = nodes.flatMap(({ work }) =>
    work.kind === "claim" && imagesSideBySide.ops[work.request.op]?.name ? [work.request] : [],
  );
  const suits = convolutions.every((request) => claim(inOrder(request, imagesSideBySide)) !== undefined);
  return convolutions.length > 0 && suits ? imagesSideBySide : channelsLast;
}

/** The request under the name that its op has in the order. */
export function inOrder(request: OpRequest, { ops }: Order): OpRequest {
  return { ...request, op: ops[request.op]?.name ?? request.op };
}
