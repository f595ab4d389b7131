/**
 * What a kernel is before it is code: phases that run one after the other, each a number of independent units of work
 * that any thread may take. The function that does units [first, last) of a phase is emitted into whichever module
 * needs it: alone for a single call, or beside its neighbours for a recorded program.
 */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { type I32, i32 } from "../assembler/values.ts";

/** What a phase's function is given. */
export interface Frame {
  readonly module: ModuleBuilder;
  readonly f: FunctionBuilder;
  /** The first unit to do. */
  readonly first: Local<"i32">;
  /** The unit to stop before. */
  readonly last: Local<"i32">;
  /** This thread's number, from 0; for scratch memory of its own. */
  readonly thread: Local<"i32">;
  /** The byte address of input `position`, which may be computed; bind it to a local. */
  input(position: number | I32): I32;
  output(position: number): I32;
  /** The byte address of the kernel's scratch memory, 64-byte aligned; its contents are arbitrary when the kernel starts. */
  scratch(): I32;
}

export interface Phase {
  /** Pieces of work that may be done in any order and by any thread; the result must not depend on either. */
  readonly units: number;
  /** Units that a thread takes at a time, at least 1. */
  readonly grain: number;
  /** Writes the function that does units [first, last), where first < last. */
  emit(frame: Frame): void;
}

export interface KernelCode {
  /** What it computes, for profiles. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly scratchBytes: number;
  readonly phases: readonly Phase[];
}

/** What the code is made for. */
export interface Target {
  /** Threads that will run it. */
  readonly threads: number;
  /** Whether relaxed SIMD (fused multiply-add) may be used. */
  readonly relaxed: boolean;
}

/** Words of a kernel's argument list: its inputs, its outputs, its scratch memory. */
export function argumentWords({ inputs, outputs }: KernelCode): number {
  return inputs + outputs + 1;
}

/** The frame of a phase function with the parameters (arguments, first, last, thread). */
export function frameOf(module: ModuleBuilder, f: FunctionBuilder, kernel: KernelCode): Frame {
  const words = f.parameter(0, "i32");
  const word = (position: number): I32 => i32.load(words, 4 * position);
  return {
    module,
    f,
    first: f.parameter(1, "i32"),
    last: f.parameter(2, "i32"),
    thread: f.parameter(3, "i32"),
    input: (position) =>
      typeof position === "number" ? word(position) : i32.load(i32.add(words, i32.shl(position, 2))),
    output: (position) => word(kernel.inputs + position),
    scratch: () => word(kernel.inputs + kernel.outputs),
  };
}
