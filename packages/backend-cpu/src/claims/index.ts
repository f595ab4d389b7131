/** Ops that the cpu backend runs whole, by name. */
import type { Kernel, OpRequest } from "@sconce/core";
import type { CpuBuffer } from "../buffer.ts";

type Claim = (request: OpRequest) => Kernel<CpuBuffer> | undefined;

const claims: Readonly<Record<string, Claim>> = {};

/** A kernel for the op, or undefined where loop nests do as well. */
export function claimOp(request: OpRequest): Kernel<CpuBuffer> | undefined {
  return claims[request.op]?.(request);
}
