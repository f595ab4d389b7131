/** Compares this backend's claims with those of the cpu backend. */
import { openCpu } from "@sconce/backend-cpu";
import { type OpRequest, sizeOf } from "@sconce/core";
import { claimOp } from "../../src/claims/index.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { openMachine } from "../../src/machine/open-machine.ts";
import { runKernel } from "../matmul/run-product.ts";

const machines: readonly Machine[] = await Promise.all(
  [1, 2].map((threads) => openMachine({ threads, relaxedSimd: threads === 1, maximumBytes: 2 ** 28 })),
);
const cpu = await openCpu();

export function closeMachines(): void {
  for (const machine of machines) machine.close();
}

/** What the cpu backend computes, and what this one does with one and with two threads. */
export function results(
  request: OpRequest,
  inputs: readonly (Float32Array | Int32Array)[],
): { expected: number[]; computed: number[][] } {
  const length = sizeOf(request.output.shape);
  const kernel = cpu.claim?.(request);
  if (!kernel || kernel instanceof Promise) throw new Error(`the cpu backend does not claim ${request.op}`);
  const buffers = inputs.map((values) => {
    const buffer = cpu.allocate(values.byteLength);
    cpu.write(buffer, values);
    return buffer;
  });
  const output = cpu.allocate(4 * length);
  kernel.run(buffers, [output]);
  const expected = [...new Float32Array(cpu.readSync?.(output, 4 * length) ?? new ArrayBuffer(0))];
  const computed = machines.map((machine) => {
    const code = claimOp(request, machine.target);
    if (!code) throw new Error(`${request.op} is not claimed`);
    const views = inputs.map((values) => new Float32Array(values.buffer, values.byteOffset, values.length));
    return [...runKernel(machine, code, views, length)];
  });
  return { expected, computed };
}

/** Small whole numbers, so that sums are exact in whatever order. */
export function wholeNumbers(length: number, seed: number): Float32Array {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 8) % 9) - 4;
  });
}
