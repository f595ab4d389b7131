/** Reading a tensor's values, moving it, and letting it go. */
import type { Backend } from "../backend/backend.ts";
import type { DType } from "../dtype.ts";
import { SconceError, ShapeError } from "../errors.ts";
import { sourceOp } from "../ops/source.ts";
import { formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { evaluate, newStorage } from "./evaluate.ts";
import { numbersOf, readHost, readHostSync } from "./read.ts";
import { runtimeOf } from "./runtime.ts";

/**
 * Elements as numbers, row-major: the typed array of the tensor's dtype (a Float32Array for float16, a Uint8Array for
 * bool), seen through what all of them can do.
 */
export interface DataArray extends ArrayLike<number>, Iterable<number> {
  readonly buffer: ArrayBufferLike;
  at(index: number): number | undefined;
  entries(): IterableIterator<[number, number]>;
  every(test: (value: number, index: number) => boolean): boolean;
  fill(value: number, start?: number, end?: number): this;
  filter(test: (value: number, index: number) => boolean): DataArray;
  find(test: (value: number, index: number) => boolean): number | undefined;
  findIndex(test: (value: number, index: number) => boolean): number;
  forEach(run: (value: number, index: number) => void): void;
  includes(value: number): boolean;
  indexOf(value: number): number;
  join(separator?: string): string;
  map(run: (value: number, index: number) => number): DataArray;
  reduce(run: (before: number, value: number, index: number) => number): number;
  reduce<Result>(run: (before: Result, value: number, index: number) => Result, initial: Result): Result;
  set(values: ArrayLike<number>, offset?: number): void;
  slice(start?: number, end?: number): DataArray;
  some(test: (value: number, index: number) => boolean): boolean;
  subarray(start?: number, end?: number): DataArray;
  [index: number]: number;
}

/** Numbers or booleans nested as the shape says. */
export type NestedArray = number | boolean | NestedArray[];

/** The elements of `x`, computed if they are still pending. */
export async function data(x: Tensor): Promise<DataArray> {
  return numbersOf(await readHost(x));
}

/** `data` without waiting; only on backends with synchronous reads. */
export function dataSync(x: Tensor): DataArray {
  return numbersOf(readHostSync(x));
}

/** The only element of `x`. */
export async function item(x: Tensor): Promise<number> {
  requireOne(x);
  return (await data(x))[0];
}

/** `item` without waiting; only on backends with synchronous reads. */
export function itemSync(x: Tensor): number {
  requireOne(x);
  return dataSync(x)[0];
}

/** The elements of `x` as nested arrays. */
export async function array(x: Tensor): Promise<NestedArray> {
  return nest(await data(x), x.shape, x.dtype);
}

/** Computes `tensors` now, in one program. */
export async function evaluateAll(...tensors: readonly Tensor[]): Promise<void> {
  await evaluate(tensors);
}

/** The same values in a tensor that remembers nothing of how they were computed. */
export async function detach(x: Tensor): Promise<Tensor> {
  await evaluate([x]);
  if (x.source?.kind === "stored") x.source.storage.shared = true;
  return new Tensor(sourceOp, [], undefined, x, x.source);
}

/** A copy of `x` on another backend. */
export async function to(x: Tensor, backend: Backend): Promise<Tensor> {
  const host = await readHost(x);
  const runtime = runtimeOf(backend);
  const storage = newStorage(runtime, x);
  if (host.data.length > 0) await runtime.enqueue(() => backend.write(storage.buffer, host.data));
  return new Tensor(sourceOp, [], undefined, x, { kind: "stored", storage });
}

/** Frees the buffer of `x` now instead of when it is collected, unless a detached tensor shares it. `x` must not be used afterwards. */
export function dispose(x: Tensor): void {
  const { source } = x;
  if (source?.kind !== "stored") return;
  if (source.storage.owner) {
    throw new SconceError(
      `dispose: ${x} is the value of ${source.storage.owner}; a variable keeps its buffer as long as it lives.`,
    );
  }
  if (!source.storage.shared) source.storage.release();
}

function requireOne(x: Tensor): void {
  if (x.size !== 1)
    throw new ShapeError(
      `item: ${formatShape(x.shape)} has ${x.size} elements; item reads exactly one. Use data() or array().`,
    );
}

function nest(values: DataArray, shape: readonly number[], dtype: DType): NestedArray {
  let next = 0;
  const walk = (axis: number): NestedArray => {
    if (axis === shape.length) return dtype === "bool" ? values[next++] !== 0 : values[next++];
    return Array.from({ length: shape[axis] }, () => walk(axis + 1));
  };
  return walk(0);
}
