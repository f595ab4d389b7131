/** Runs one loop nest on a backend: host arrays in, host arrays out. */
import {
  type Backend,
  bytesPerElement,
  decodeNumbers,
  encodeNumbers,
  type LoopNest,
  sizeOf,
  viewArray,
} from "@sconce/core";

/** The results of `nest`, one list of numbers per store. `inputs` are numbers, which are stored in the nest's dtypes. */
export async function runNest(
  backend: Backend,
  nest: LoopNest,
  inputs: readonly ArrayLike<number>[],
): Promise<ArrayLike<number>[]> {
  const kernel = await backend.compile(nest);
  const inputBuffers = inputs.map((values, i) => {
    const data = encodeNumbers(values, nest.inputs[i]);
    const buffer = backend.allocate(data.byteLength);
    if (data.byteLength > 0) backend.write(buffer, data);
    return buffer;
  });
  const size = sizeOf(nest.shape);
  const outputBuffers = nest.stores.map(({ dtype }) => backend.allocate(size * bytesPerElement(dtype)));
  kernel.run(inputBuffers, outputBuffers);
  const results: ArrayLike<number>[] = [];
  for (const [i, { dtype }] of nest.stores.entries()) {
    const bytes = await backend.read(outputBuffers[i], size * bytesPerElement(dtype));
    results.push(decodeNumbers(viewArray(dtype, bytes, 0, size), dtype));
  }
  for (const buffer of [...inputBuffers, ...outputBuffers]) backend.release(buffer);
  return results;
}

/** `values` as they are once stored as `dtype`. */
export function storedAs(values: ArrayLike<number>, dtype: LoopNest["inputs"][number]): ArrayLike<number> {
  return decodeNumbers(encodeNumbers(values, dtype), dtype);
}
