/** Ops that the wasm backend runs as kernels of their own, by name. */
import type { NestEpilogue, OpRequest } from "@sconce/core";
import type { Epilogue } from "../kernels/epilogue.ts";
import { epilogueCode } from "../kernels/epilogue-code.ts";
import type { KernelCode, Target } from "../kernels/kernel.ts";
import { claimConcatenate } from "./concatenate.ts";
import { claimConvolution } from "./convolution.ts";
import { claimInputGradient, claimWeightGradient } from "./convolution-gradients.ts";
import { claimMatmul } from "./matmul.ts";
import { claimMaxPool, claimMaxPoolGradient, claimMaxPoolSelect } from "./max-pool.ts";
import { claimScatterAdd, claimTakeAdd } from "./scatter.ts";

/** A claim of an op that takes no epilogue is never given one. */
type Claim = (request: OpRequest, target: Target, epilogue?: Epilogue) => KernelCode | undefined;

const claims: Readonly<Record<string, Claim>> = {
  concatenate: claimConcatenate,
  convolution: claimConvolution,
  convolutionInputGradient: claimInputGradient,
  convolutionWeightGradient: claimWeightGradient,
  matmul: claimMatmul,
  maxPool: claimMaxPool,
  maxPoolGradient: claimMaxPoolGradient,
  maxPoolSelect: claimMaxPoolSelect,
  scatterAdd: claimScatterAdd,
  takeAdd: claimTakeAdd,
};

/** The kernel for the op, or undefined where loop nests do as well. */
export function claimOp(request: OpRequest, target: Target): KernelCode | undefined {
  const epilogue = request.epilogue as NestEpilogue | undefined;
  return claims[request.op]?.(request, target, epilogue && epilogueCode(epilogue, target.relaxed));
}
