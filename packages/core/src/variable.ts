/**
 * Variables: named mutable cells. Only they change; every tensor is immutable.
 *
 * Outside a trace, `assign` records the new value as a pending graph, which the next evaluation computes together with
 * whatever was asked for. Inside a trace, reads become inputs of the program and the last assignment its result.
 */
import type { Signature } from "./backend/backend.ts";
import type { DType } from "./dtype.ts";
import { CaptureError, DTypeError, SconceError, ShapeError } from "./errors.ts";
import { once } from "./ops/once.ts";
import { sourceOp } from "./ops/source.ts";
import type { Storage } from "./runtime/storage.ts";
import { currentTrace } from "./runtime/trace.ts";
import { formatShape, type Shape, sameShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** Variables assigned outside a trace whose new value is still to be computed. */
const assigned = new Set<Variable>();

/** A named mutable cell that holds a tensor's value. */
export class Variable {
  /** The path of the property that holds it, such as `layer1.0.conv1.weight`, once a module has named it. */
  name: string | undefined;
  readonly shape: Shape;
  readonly dtype: DType;
  #initial: (() => Tensor) | undefined;
  #pending: Tensor | undefined;
  #storage: Storage | undefined;
  #leaf: WeakRef<Tensor> | undefined;

  /** `initial` is a tensor, or a function that makes one when the value is first needed. */
  constructor(signature: Signature, initial: Tensor | (() => Tensor), name?: string) {
    this.shape = Object.freeze([...signature.shape]);
    this.dtype = signature.dtype;
    this.name = name;
    if (typeof initial === "function") this.#initial = initial;
    else this.#setPending(initial);
  }

  /** The value as a tensor. */
  get value(): Tensor {
    const trace = currentTrace();
    if (trace) return trace.read(this);
    return this.current();
  }

  /** Replaces the value. Shape and dtype stay what they are. */
  assign(value: Tensor): void {
    this.check(value);
    const trace = currentTrace();
    if (trace) {
      trace.write(this, value);
      return;
    }
    this.#setPending(value);
    assigned.add(this);
  }

  /** True once a value exists or has been assigned; false while only the initialiser is known. */
  get initialized(): boolean {
    return this.#pending !== undefined || this.#storage !== undefined;
  }

  toString(): string {
    return `${this.constructor.name}(${this.name ?? "unnamed"}, ${this.dtype} ${formatShape(this.shape)})`;
  }

  /** @internal The value outside any trace. */
  current(): Tensor {
    if (this.#storage) {
      let leaf = this.#leaf?.deref();
      if (!leaf) {
        leaf = new Tensor(sourceOp, [], undefined, this, { kind: "stored", storage: this.#storage });
        this.#leaf = new WeakRef(leaf);
      }
      return leaf;
    }
    if (!this.#pending) {
      if (!this.#initial) throw new SconceError(`${this}: has no value.`);
      const initial = this.#initial();
      this.check(initial);
      this.#setPending(initial);
    }
    return this.#pending as Tensor;
  }

  /** @internal The buffer that holds the value; undefined while it is pending. */
  get storage(): Storage | undefined {
    return this.#storage;
  }

  /** @internal Whether nothing but this variable can see its buffer, so that it may be overwritten. */
  get exclusive(): boolean {
    return this.#leaf?.deref() === undefined && !this.#storage?.shared;
  }

  /** @internal Takes over a buffer with the new value; a buffer that nobody else sees is released. */
  adopt(storage: Storage, leaf?: Tensor): void {
    const before = this.#storage;
    if (before && before !== storage) {
      before.owner = undefined;
      if (this.exclusive) before.release();
    }
    storage.owner = this;
    this.#storage = storage;
    this.#pending = undefined;
    this.#initial = undefined;
    this.#leaf = leaf ? new WeakRef(leaf) : undefined;
    assigned.delete(this);
  }

  private check(value: Tensor): void {
    if (!sameShape(value.shape, this.shape)) {
      throw new ShapeError(
        `assign: ${this} was given shape ${formatShape(value.shape)}; a variable keeps its shape. ` +
          "Reshape the value, or make a new variable.",
      );
    }
    if (value.dtype !== this.dtype) {
      throw new DTypeError(
        `assign: ${this} was given ${value.dtype}; a variable keeps its dtype. Use value.cast("${this.dtype}").`,
      );
    }
  }

  #setPending(given: Tensor): void {
    // Each variable owns its buffer: what another one has, or is about to have, is copied.
    const owner = given.source?.kind === "stored" ? given.source.storage.owner : pendingOwner(given);
    const value = owner && owner !== this ? once(given) : given;
    if (this.#storage) {
      this.#storage.owner = undefined;
      if (this.exclusive) this.#storage.release();
    }
    this.#storage = undefined;
    this.#leaf = undefined;
    this.#pending = value;
    pendingOwners.set(value, this);
  }
}

/** The variables whose value a pending tensor is about to become. */
const pendingOwners = new WeakMap<Tensor, Variable>();

/** @internal The variable that waits for `tensor`, if one still does. */
export function pendingOwner(tensor: Tensor): Variable | undefined {
  const owner = pendingOwners.get(tensor);
  return owner && !owner.storage && owner.current() === tensor ? owner : undefined;
}

/** @internal Variables with assignments that no evaluation has computed yet. */
export function assignedVariables(): readonly Variable[] {
  return [...assigned];
}

/** The numbers of the frozen params, and the same as a string. */
const frozenNumbers = new Set<number>();
let frozenText: string | undefined;
let params = 0;

/** A variable that an optimizer trains, unless it is frozen. */
export class Param extends Variable {
  readonly #number = params++;

  /** Whether optimizers leave it as it is. Compiled functions follow a change at their next call. */
  get frozen(): boolean {
    return frozenNumbers.has(this.#number);
  }

  set frozen(frozen: boolean) {
    if (currentTrace()) {
      throw new CaptureError(
        `${this}: frozen is set inside a function under compile, which a replay would not repeat.\n` +
          "  wrong:  compile((x) => { model.freeze(); ... })\n" +
          "  right:  model.freeze(); await step(x);",
      );
    }
    if (frozen) frozenNumbers.add(this.#number);
    else frozenNumbers.delete(this.#number);
    frozenText = undefined;
  }
}

/** @internal Differs when other params are frozen: part of a program's signature, since what is frozen shapes its trace. */
export function frozenSignature(): string {
  frozenText ??= [...frozenNumbers].sort((a, b) => a - b).join(",");
  return frozenText;
}

/** A variable with statistics of the data, such as a running mean; optimizers never see it. */
export class Stat extends Variable {}
