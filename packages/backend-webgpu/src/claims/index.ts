/** Ops that the webgpu backend runs as kernels of their own, by name. */
import type { OpRequest } from "@sconce/core";
import type { KernelPlan } from "../kernels/pass.ts";
import { claimConvolution, claimInputGradient, claimWeightGradient } from "./convolution.ts";
import { claimMatmul } from "./matmul.ts";
import { claimMaxPool, claimMaxPoolGradient, claimMaxPoolSelect } from "./max-pool.ts";
import { claimScatterAdd, claimTakeAdd } from "./scatter.ts";

const claims: Readonly<Record<string, (request: OpRequest) => KernelPlan | undefined>> = {
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
export function claimOp(request: OpRequest): KernelPlan | undefined {
  return claims[request.op]?.(request);
}
