/**
 * A tensor is an immutable node of a graph: an op, its inputs and attributes, and the shape and dtype of the result.
 * It owns no memory. Evaluating it, or making it from host data, gives it a value to start from.
 */
import type { Signature } from "./backend/backend.ts";
import type { DType } from "./dtype.ts";
import type { HostArray } from "./host-array.ts";
import type { TensorMethods } from "./methods.ts";
import type { OpDefinition } from "./op.ts";
import type { Storage } from "./runtime/storage.ts";
import type { Shape } from "./shape.ts";
import { sizeOf } from "./shape.ts";
import type { Variable } from "./variable.ts";

/**
 * Where a tensor's value is, when it need not be computed: on the host, in a backend's buffer, or, inside a trace,
 * still to come as an input of the program or as the value that a variable will have.
 */
export type Source =
  | { readonly kind: "host"; readonly array: HostArray }
  | { readonly kind: "stored"; readonly storage: Storage }
  | { readonly kind: "input"; readonly position: number }
  | { readonly kind: "variable"; readonly variable: Variable };

let created = 0;

// Methods are declared by the interface and attached in methods.ts, so that they share the free functions' code.
export interface Tensor extends TensorMethods {}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are attached in methods.ts.
export class Tensor {
  /** Creation order: an input always has a smaller number than its consumer. */
  readonly id: number = ++created;
  readonly op: OpDefinition;
  readonly attributes: unknown;
  readonly shape: Shape;
  readonly dtype: DType;
  /** The tensors it is computed from. */
  inputs: readonly Tensor[];
  /** @internal Present once the value is known. */
  source: Source | undefined;
  /** @internal Where the user created it; recorded only while anomalies are looked for. */
  site: string | undefined;

  constructor(op: OpDefinition, inputs: readonly Tensor[], attributes: unknown, signature: Signature, source?: Source) {
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.shape = signature.shape;
    this.dtype = signature.dtype;
    this.source = source;
  }

  /** The number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  toString(): string {
    return `Tensor(${this.dtype} [${this.shape.join(", ")}], ${this.op.name})`;
  }
}

/** The tensors created so far; later ones have larger ids. */
export function tensorsCreated(): number {
  return created;
}
