/** Reading values: from the host copy, or from the backend's buffer. */
import { byteLengthOf } from "../compiler/compile.ts";
import { type TypedArray, viewArray } from "../dtype.ts";
import { BackendError } from "../errors.ts";
import { decodeNumbers, type HostArray } from "../host-array.ts";
import type { Tensor } from "../tensor.ts";
import { evaluate, sourceBuffer } from "./evaluate.ts";
import { currentBackend } from "./registry.ts";

/** A result that was read and is this small stays on the host and gives its buffer back. */
const keptOnHost = 64 * 1024;

/** The elements in row-major order as stored (float16 as bit patterns). */
export async function readHost(tensor: Tensor): Promise<HostArray> {
  if (tensor.source?.kind === "host") return copyOf(tensor.source.array);
  await evaluate([tensor]);
  const source = tensor.source as Tensor["source"];
  if (source?.kind === "host") return copyOf(source.array);
  if (source?.kind !== "stored") throw new BackendError(`${tensor}: has no value.`);
  const { storage } = source;
  const { runtime } = storage;
  const buffer = sourceBuffer(runtime, tensor);
  const { backend } = runtime;
  const { orderedReads } = backend.capabilities;
  const { read } = await runtime.enqueue(() => {
    const read = backend.read(buffer, byteLengthOf(tensor));
    return orderedReads ? { read } : read.then(() => ({ read }));
  });
  const bytes = await read;
  // A run that began meanwhile may be about to bind the buffer.
  return received(tensor, bytes, orderedReads === true && runtime.busy);
}

/** `readHost` without waiting. */
export function readHostSync(tensor: Tensor): HostArray {
  if (tensor.source?.kind === "host") return copyOf(tensor.source.array);
  const refuse = (reason: string): never => {
    throw new BackendError(`dataSync: ${reason} Use await x.data() instead.`);
  };
  if (!tensor.source && !currentBackend()) refuse("no backend is open yet.");
  const waiting = evaluate([tensor]);
  if (waiting instanceof Promise) {
    waiting.catch(() => {});
    refuse("earlier work is still under way, or the backend compiles asynchronously.");
  }
  const source = tensor.source as Tensor["source"];
  if (source?.kind === "host") return copyOf(source.array);
  if (source?.kind !== "stored") return refuse("the tensor has no value.");
  const { runtime } = source.storage;
  if (!runtime.backend.readSync) return refuse(`backend ${runtime.backend.name} cannot read without waiting.`);
  if (runtime.busy) refuse("earlier work is still under way.");
  return received(tensor, runtime.backend.readSync(sourceBuffer(runtime, tensor), byteLengthOf(tensor)));
}

function received(tensor: Tensor, bytes: ArrayBuffer, inUse = false): HostArray {
  const array: HostArray = {
    shape: tensor.shape,
    dtype: tensor.dtype,
    data: viewArray(tensor.dtype, bytes, 0, tensor.size),
  };
  const { source } = tensor;
  if (
    source?.kind === "stored" &&
    !source.storage.owner &&
    !source.storage.shared &&
    !inUse &&
    source.storage.byteLength <= keptOnHost
  ) {
    source.storage.release();
    tensor.source = { kind: "host", array };
    return copyOf(array);
  }
  return array;
}

function copyOf(array: HostArray): HostArray {
  return { ...array, data: array.data.slice() as TypedArray };
}

/** Elements as numbers. */
export function numbersOf(array: HostArray): Exclude<TypedArray, Uint16Array> {
  return decodeNumbers(array.data, array.dtype);
}
