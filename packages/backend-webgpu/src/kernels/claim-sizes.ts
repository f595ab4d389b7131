/** Claimed kernels bind as much of their buffers as their values fill: a value may be in a buffer made for larger ones. */
import { bytesPerElement, type OpRequest, type Signature, sizeOf } from "@sconce/core";
import type { KernelPlan, PassBuffer } from "./pass.ts";

/** The plan with the sizes that the request tells; operands of an epilogue are no larger than the result. */
export function withSizes(plan: KernelPlan, { inputs, output }: OpRequest): KernelPlan {
  const sized = (buffer: PassBuffer): PassBuffer => {
    const { kind, index } = buffer;
    if (kind === "temporary") return buffer;
    const signature = kind === "input" ? (inputs[index] ?? output) : output;
    return { ...buffer, window: { offset: 0, size: bytesOf(signature) } };
  };
  return {
    ...plan,
    passes: plan.passes.map((pass) => ({
      ...pass,
      inputs: pass.inputs.map(sized),
      outputs: pass.outputs.map(sized),
    })),
  };
}

/** Bytes of a value. */
export function bytesOf({ shape, dtype }: Signature): number {
  return sizeOf(shape) * bytesPerElement(dtype);
}
