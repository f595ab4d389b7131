/**
 * A Program: the values that flow through a captured graph, the kernels in the order they run, and the slots that hold
 * what is in between. It is plain data, made once per signature and backend; `runtime/executable.ts` runs it.
 */
import type { Kernel, OpRequest, Routine, Signature } from "../backend/backend.ts";
import type { LoopNest } from "../backend/loop-nest.ts";
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";

/** Where a value's bytes are while the program runs. */
export type Home =
  /** Given at each run: the program's source number `position`. */
  | { readonly kind: "source"; readonly position: number }
  /** In between: one of the program's slots. */
  | { readonly kind: "slot"; readonly slot: number }
  /** Output number `position`; with `inPlaceOf`, it may overwrite that source when nobody else can see it. */
  | { readonly kind: "output"; readonly position: number; readonly inPlaceOf?: number };

export interface ProgramValue {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly byteLength: number;
  readonly home: Home;
}

/** What a node runs. */
export type Work =
  | { readonly kind: "nest"; readonly nest: LoopNest }
  | { readonly kind: "claim"; readonly request: OpRequest; readonly kernel: Kernel | Promise<Kernel> }
  | { readonly kind: "routine"; readonly routine: Routine };

export interface ProgramNode {
  /** The ops it computes, for people. */
  readonly name: string;
  readonly work: Work;
  /** Positions in `values` of the program or schedule. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Floating-point operations of one run. */
  readonly flops: number;
}

/**
 * The kernels of a program in the order they run, before its memory is planned: what `Backend.optimize` may rewrite.
 * Nodes may be merged, moved and replaced, as long as each value is written once, before it is read; what the outputs
 * hold must stay the same. New values go to the end of `values`; those that nothing reads or writes any more are dropped.
 */
export interface ProgramDraft {
  /** What flows between the nodes; `source` is the number of the source that gives the value. */
  readonly values: readonly (Signature & { readonly source?: number })[];
  readonly nodes: readonly ProgramNode[];
  /** For each output of the capture, its value, and the source whose place it will take: a variable's old value. */
  readonly outputs: readonly { readonly value: number; readonly replaces?: number }[];
}

export interface Program {
  readonly values: readonly ProgramValue[];
  readonly nodes: readonly ProgramNode[];
  /** Bytes of each slot. */
  readonly slots: readonly number[];
  /** For each output of the capture, its value. */
  readonly outputs: readonly number[];
  /** Tensors in the captured graph, before anything was merged or fused. */
  readonly capturedTensors: number;
  /** Bytes of all values in between, had each its own buffer. */
  readonly unplannedBytes: number;
  /** Once compiled: what runs each node; nothing for routines. */
  readonly kernels?: readonly (Kernel | undefined)[];
}
