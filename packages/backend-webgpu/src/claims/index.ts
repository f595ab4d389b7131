/** Ops that the webgpu backend runs as kernels of their own, by name. */
import type { NestEpilogue, OpRequest } from "@sconce/core";
import type { KernelPlan } from "../kernels/pass.ts";
import { claimConvolution, claimInputGradient, claimWeightGradient } from "./convolution.ts";
import { claimMatmul } from "./matmul.ts";
import { claimMaxPool, claimMaxPoolGradient, claimMaxPoolSelect } from "./max-pool.ts";
import type { Claim, Target } from "./request.ts";
import { claimScatterAdd, claimTakeAdd } from "./scatter.ts";

const claims: Readonly<Record<string, Claim>> = {
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

/** Kernels for the op that do the same, the default first; none where loop nests do as well. */
export function claimOp(request: OpRequest, target: Target): readonly KernelPlan[] {
  const epilogue = request.epilogue as NestEpilogue | undefined;
  // Two factors, the operands and a result.
  if (epilogue && epilogue.operands.length + 3 > target.maximumBuffers) return [];
  return claims[request.op]?.(request, target, epilogue) ?? [];
}
