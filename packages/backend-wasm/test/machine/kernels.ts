/** Small kernels for the tests of the machine. */
import type { I32 } from "../../src/assembler/values.ts";
import { f32, i32 } from "../../src/assembler/values.ts";
import type { Frame, KernelCode, Phase } from "../../src/kernels/kernel.ts";
import type { Machine, WasmBuffer } from "../../src/machine/machine.ts";

/** output[u] = body(u), an f32 for each unit. */
export function mapKernel(
  units: number,
  grain: number,
  inputs: number,
  body: (frame: Frame, unit: I32) => ReturnType<typeof f32.add>,
): KernelCode {
  return { name: "map", inputs, outputs: 1, scratchBytes: 0, phases: [mapPhase(units, grain, body)] };
}

/** A phase that stores body(u) in output 0. */
export function mapPhase(
  units: number,
  grain: number,
  body: (frame: Frame, unit: I32) => ReturnType<typeof f32.add>,
): Phase {
  return {
    units,
    grain,
    emit: (frame) => {
      const { f, first, last, output } = frame;
      f.range(first, last, 1, (unit) => {
        f.emit(f32.store(i32.add(output(0), i32.mul(unit, 4)), body(frame, unit)));
      });
    },
  };
}

/** Element `unit` of input `position`. */
export function element({ input }: Frame, position: number, unit: I32): ReturnType<typeof f32.load> {
  return f32.load(i32.add(input(position), i32.mul(unit, 4)));
}

/** A buffer with these numbers. */
export function bufferOf(machine: Machine, values: readonly number[]): WasmBuffer {
  const buffer = machine.allocate(4 * values.length);
  machine.bytes().set(new Uint8Array(Float32Array.from(values).buffer), buffer.address);
  return buffer;
}

/** The numbers in a buffer. */
export function valuesOf(machine: Machine, { address, byteLength }: WasmBuffer): number[] {
  return [...new Float32Array(machine.bytes().slice(address, address + byteLength).buffer)];
}
