/** Passes: what a kernel is made of. Each is one dispatch of one compute shader over some of the kernel's buffers. */

/** Which input of a pass shares its buffer with which of its outputs. */
export type Sharing = ReadonlyMap<number, number>;

export const nothingShared: Sharing = new Map();

/** A buffer of a pass: one of the kernel's inputs or outputs, or memory of its own between its passes. */
export interface PassBuffer {
  readonly kind: "input" | "output" | "temporary";
  readonly index: number;
  /** The part that is bound, in bytes: all of it, as far as the device can bind it, unless told otherwise. */
  readonly window?: { readonly offset: number; readonly size: number };
  /** Whether the shader may read anywhere in it, so that a part will not do. */
  readonly everywhere?: boolean;
}

export interface Pass {
  /** A WGSL identifier: the name of the entry point. */
  readonly name: string;
  /** Inputs are bindings 0, 1, .., outputs follow. */
  readonly inputs: readonly PassBuffer[];
  readonly outputs: readonly PassBuffer[];
  /** Workgroups along x, y and z. */
  readonly groups: readonly [number, number, number];
  /** The WGSL. An input that shares its buffer with an output is not bound: its values are in the output's binding. */
  source(sharing: Sharing): string;
}

/** A kernel before its pipelines exist. */
export interface KernelPlan {
  /** What it computes. */
  readonly name: string;
  readonly passes: readonly Pass[];
  /** Bytes of each temporary. */
  readonly temporaries: readonly number[];
}

/** The end of a message about what is too large to be bound. */
export const limitsAdvice = ', or use a device with larger limits (limits: "adapter")';

/** The most workgroups along one axis of a dispatch. */
const widest = 65_535;

/** Workgroups along x and y for `count` of them, numbered `group.y * x + group.x`. */
export function spread(count: number): readonly [x: number, y: number, z: number] {
  if (count <= widest) return [count, 1, 1];
  const y = Math.ceil(count / widest);
  return [Math.ceil(count / y), y, 1];
}
