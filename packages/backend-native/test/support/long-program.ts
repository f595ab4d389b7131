/** Programs that take long enough to be caught at it. */
import type { Backend, Kernel, LoopNest } from "@sconce/core";
import type { NativeBuffer } from "../../src/index.ts";

export const elements = 1 << 15;

/** y = tan(tan(... x)) over `elements` floats. */
export const chain: LoopNest = {
  shape: [elements],
  inputs: ["float32"],
  body: [
    { kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 0, strides: [1] } },
    ...Array.from(
      { length: 60 },
      (_, i) => ({ kind: "apply", operator: "tan", dtype: "float32", operands: [i] }) as const,
    ),
  ],
  epilogue: [],
  stores: [{ value: 60, dtype: "float32" }],
};

/** Something to run, and how: `start` submits one program of `kernels` kernels. */
export interface LongProgram {
  readonly input: NativeBuffer;
  readonly output: NativeBuffer;
  start(): void;
}

export async function longProgram(backend: Backend<NativeBuffer>, kernels: number): Promise<LongProgram> {
  const kernel = (await backend.compile(chain)) as Kernel<NativeBuffer>;
  const [input, output] = [backend.allocate(4 * elements), backend.allocate(4 * elements)];
  backend.write(input, new Float32Array(elements).fill(0.5));
  const step = { kernel, inputs: [input], outputs: [output] };
  const replay = backend.record?.(Array.from({ length: kernels }, () => step));
  return { input, output, start: () => void replay?.run() };
}
