/** What claims ask of a request first, and what they know of the device. */
import type { NestEpilogue, OpRequest } from "@sconce/core";
import type { KernelPlan } from "../kernels/pass.ts";

export interface Target {
  /** Storage buffers that one pass can bind. */
  readonly maximumBuffers: number;
  /** Whether products round their operands to float16. */
  readonly float16: boolean;
}

/** Kernels for an op, of which the first is the default; none where loop nests do as well. */
export type Claim = (request: OpRequest, target: Target, epilogue?: NestEpilogue) => readonly KernelPlan[];

/** Whether all floats involved are float32; positions may be int32. */
export function isFloat32({ inputs, output }: OpRequest): boolean {
  return output.dtype === "float32" && inputs.every(({ dtype }) => dtype === "float32" || dtype === "int32");
}
