/** Runs a nest on the backend under test; outputs may take the buffers of inputs. */
import { bytesPerElement, decodeNumbers, encodeNumbers, type LoopNest, sizeOf, viewArray } from "@sconce/core";
import type { TestBackend } from "./device.ts";

/** The results of `nest`. `over[j]` is the input whose buffer output j takes. */
export async function runNest(
  backend: TestBackend,
  nest: LoopNest,
  inputs: readonly ArrayLike<number>[],
  over: readonly (number | undefined)[] = [],
): Promise<ArrayLike<number>[]> {
  const kernel = await backend.compile(nest);
  const read = inputs.map((values, i) => {
    const data = encodeNumbers(values, nest.inputs[i]);
    const buffer = backend.allocate(data.byteLength);
    backend.write(buffer, data);
    return buffer;
  });
  const size = sizeOf(nest.shape);
  const written = nest.stores.map(({ dtype }, j) => {
    const input = over[j];
    return input === undefined ? backend.allocate(size * bytesPerElement(dtype)) : read[input];
  });
  kernel.run(read, written);
  const results = await Promise.all(
    nest.stores.map(async ({ dtype }, j) => {
      const bytes = await backend.read(written[j], size * bytesPerElement(dtype));
      return decodeNumbers(viewArray(dtype, bytes, 0, size), dtype);
    }),
  );
  for (const buffer of new Set([...read, ...written])) backend.release(buffer);
  return results;
}
