/** Ops that the cpu backend runs whole, by name. */
import type { Kernel, OpRequest } from "@sconce/core";
import type { CpuBuffer } from "../buffer.ts";
import { claimConvolution, claimInputGradient, claimWeightGradient } from "./convolution.ts";
import { claimMatmul } from "./matmul.ts";

type Claim = (request: OpRequest) => Kernel<CpuBuffer> | undefined;

const claims: Readonly<Record<string, Claim>> = {
  convolution: claimConvolution,
  convolutionInputGradient: claimInputGradient,
  convolutionWeightGradient: claimWeightGradient,
  matmul: claimMatmul,
};

/** A kernel for the op, or undefined where loop nests do as well. */
export function claimOp(request: OpRequest): Kernel<CpuBuffer> | undefined {
  return claims[request.op]?.(request);
}
