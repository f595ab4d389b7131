/** Ops that the cpu backend runs whole, by name. */
import type { Kernel, OpRequest } from "@sconce/core";
import type { CpuBuffer } from "../buffer.ts";
import { claimConvolution, claimInputGradient, claimWeightGradient } from "./convolution.ts";
import { claimMatmul } from "./matmul.ts";
import { claimMaxPool, claimMaxPoolGradient, claimMaxPoolSelect } from "./max-pool.ts";
import { claimScatterAdd, claimTakeAdd } from "./scatter.ts";

type Claim = (request: OpRequest) => Kernel<CpuBuffer> | undefined;

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

/** A kernel for the op, or undefined where loop nests do as well. */
export function claimOp(request: OpRequest): Kernel<CpuBuffer> | undefined {
  return claims[request.op]?.(request);
}
