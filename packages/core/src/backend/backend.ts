/** The contract between core and a backend. A backend must run loop nests; everything else is an upgrade. */
import type { ProgramDraft } from "../compiler/program.ts";
import type { DType } from "../dtype.ts";
import type { HostArray } from "../host-array.ts";
import type { Shape } from "../shape.ts";
import type { LoopNest } from "./loop-nest.ts";

/** Shape and dtype of a value. */
export interface Signature {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What a backend can do; the compiler stays inside it. */
export interface Capabilities {
  /** Element types it stores and computes with. */
  readonly dtypes: readonly DType[];
  /** Buffers that one kernel may read; at least 3, which `where` needs. */
  readonly maximumInputs: number;
  /** Buffers that one kernel may write. */
  readonly maximumOutputs: number;
  /** Buffers that one kernel may read and write in all, where that is less than both together; more than `maximumInputs`. */
  readonly maximumBuffers?: number;
  /** True when `readSync` works. */
  readonly synchronousReads: boolean;
  /** True when `read` gives what the buffer holds at its call, whatever is written or run meanwhile: work goes on, then. */
  readonly orderedReads?: boolean;
  /** Threads that a kernel may use, and why not more. */
  readonly threads: { readonly count: number; readonly reason?: string };
}

/** A compiled kernel. */
export interface Kernel<Buffer = unknown> {
  /** What it computes, for profiles and `explain`. */
  readonly name?: string;
  /** What it runs, as text for people, which `explain` can print. */
  code?(): string;
  /** Reads `inputs`, writes `outputs`; an output shares a buffer with an input only where the nest reads it at the very index it writes. */
  run(inputs: readonly Buffer[], outputs: readonly Buffer[]): void;
}

/** A named op that a backend may run whole. */
export interface OpRequest {
  readonly op: string;
  readonly attributes: unknown;
  readonly inputs: readonly Signature[];
  readonly output: Signature;
  /** What a backend's own `optimize` wants done to the result before it is stored; core never sets it. */
  readonly epilogue?: unknown;
}

/** Asks the backend for the kernel of an op, or finds the one it gave before; undefined where it has none. */
export type Claim = (request: OpRequest) => Kernel | Promise<Kernel> | undefined;

/** One kernel call with its buffers bound; core may replace buffers in the arrays between runs, never the arrays. */
export interface Step<Buffer = unknown> {
  readonly kernel: Kernel<Buffer>;
  readonly inputs: Buffer[];
  readonly outputs: Buffer[];
}

/** A recorded sequence of steps. */
export interface Replay {
  run(): void | Promise<void>;
}

/** An engine that holds buffers and runs kernels in the order they are given. */
export interface Backend<Buffer = unknown> {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** A buffer of at least `byteLength` bytes, with arbitrary contents. */
  allocate(byteLength: number): Buffer;
  release(buffer: Buffer): void;
  /** Copies `bytes` to the start of the buffer, ordered after the kernels already run. */
  write(buffer: Buffer, bytes: ArrayBufferView): void;
  /** The first `byteLength` bytes, once the kernels already run have finished. */
  read(buffer: Buffer, byteLength: number): Promise<ArrayBuffer>;
  /** `read` without waiting; present exactly when `capabilities.synchronousReads`. */
  readSync?(buffer: Buffer, byteLength: number): ArrayBuffer;
  /** The one duty. Buffers arrive in the order of `nest.inputs` and `nest.stores`. */
  compile(nest: LoopNest): Kernel<Buffer> | Promise<Kernel<Buffer>>;
  /** Upgrade: run a named op whole; undefined leaves it to the compiler. */
  claim?(request: OpRequest): Kernel<Buffer> | Promise<Kernel<Buffer>> | undefined;
  /** Upgrade: rewrite a whole program before its memory is planned and its nests are compiled (layouts, deeper fusion); kernels of its own come from `claim`. */
  optimize?(draft: ProgramDraft, claim: Claim): ProgramDraft;
  /** Upgrade: turn a fixed sequence of kernels into one command to replay. */
  record?(steps: readonly Step<Buffer>[]): Replay;
  /** Upgrade, for backends that run asynchronously: settles when all work submitted so far has finished. */
  finish?(): Promise<void>;
  /** Upgrade, for backends that compile when a kernel first runs: milliseconds spent on it so far, which profiles keep apart. */
  compileTime?(): number;
  /** Upgrade, for devices with a clock: runs `work`, which runs kernels, and tells the milliseconds that these took; profiles then show them. */
  timed?(work: () => void): Promise<number>;
  /** Upgrade, for devices that can go away: settles with the reason when all that the backend held is gone; it is not used again. */
  readonly lost?: Promise<string>;
  /** Upgrade: stops workers and frees everything; the backend is not used again. */
  close?(): void | Promise<void>;
}

/** Data-dependent work on host arrays. */
export type Routine = (inputs: readonly HostArray[]) => HostArray;
