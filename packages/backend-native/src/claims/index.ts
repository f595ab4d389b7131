/** Ops that the addon runs whole: their descriptions, by name. */
import type { OpRequest } from "@sconce/core";
import { describeConcatenate } from "./concatenate.ts";
import { describeConvolution, describeJoinedConvolutions, describeStrips } from "./convolution.ts";
import { describeImagesConvolution } from "./images-convolution.ts";
import { describeJoinedNest } from "./joined-nest.ts";
import { describeHold, describeKeptNest } from "./kept.ts";
import { describeMatmul } from "./matmul.ts";
import { describeMoments } from "./moments.ts";
import { describeParts } from "./parts.ts";
import { describePooling } from "./pooling.ts";
import { describeSoftmax } from "./softmax.ts";
import { describeTakeAdd } from "./take-add.ts";
import { describeTranspose } from "./transpose.ts";

/** `bfloat16` says whether operands of products are rounded. */
type Describe = (request: OpRequest, bfloat16: boolean) => readonly number[] | undefined;

const descriptions: Readonly<Record<string, Describe>> = {
  averagePool: describePooling,
  averagePoolGradient: describePooling,
  concatenate: describeConcatenate,
  convolution: describeConvolution,
  convolutionInputGradient: describeConvolution,
  convolutionWeightGradient: describeConvolution,
  imagesConvolution: describeImagesConvolution,
  imagesConvolutionInputGradient: describeImagesConvolution,
  imagesConvolutionWeightGradient: describeImagesConvolution,
  hold: describeHold,
  joinedConvolutions: describeJoinedConvolutions,
  joinedNest: describeJoinedNest,
  keptNest: describeKeptNest,
  logSoftmax: describeSoftmax,
  matmul: describeMatmul,
  maxPool: describePooling,
  maxPoolGradient: describePooling,
  maxPoolSelect: describePooling,
  moments: describeMoments,
  parts: describeParts,
  softmax: describeSoftmax,
  strips: describeStrips,
  takeAdd: describeTakeAdd,
  transpose: describeTranspose,
};

/** The ops that may run whole. */
export const describedOps: readonly string[] = Object.keys(descriptions);

/** What the addon must know to make the kernel, or undefined where loop nests do as well. */
export function describeOp(request: OpRequest, bfloat16 = false): readonly number[] | undefined {
  return descriptions[request.op]?.(request, bfloat16);
}

/** Whether every operand and the result are float32 and none is empty. */
export function isPlainFloat({ inputs, output }: OpRequest): boolean {
  return [...inputs, output].every(({ dtype, shape }) => dtype === "float32" && !shape.includes(0));
}
