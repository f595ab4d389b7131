/** Ops that the wasm backend runs as kernels of their own, by name. */
import type { OpRequest } from "@sconce/core";
import type { KernelCode, Target } from "../kernels/kernel.ts";

type Claim = (request: OpRequest, target: Target) => KernelCode | undefined;

const claims: Readonly<Record<string, Claim>> = {};

/** The kernel for the op, or undefined where loop nests do as well. */
export function claimOp(request: OpRequest, target: Target): KernelCode | undefined {
  return claims[request.op]?.(request, target);
}
