/** Runs loop nests on ways of opening the wasm backend, and compares with the reference meaning of nests. */
import { interpretNest, Random } from "@sconce/conformance";
import {
  type Backend,
  bytesPerElement,
  type DType,
  decodeNumbers,
  encodeNumbers,
  isFloat,
  type LoopNest,
  sizeOf,
  viewArray,
} from "@sconce/core";
import { expect } from "vitest";
import { openWasm, type WasmBuffer } from "../../src/index.ts";

/** Threads and relaxed SIMD, in the combinations worth testing. */
export const ways: readonly Backend<WasmBuffer>[] = await Promise.all([
  openWasm({ threads: 1 }),
  openWasm({ threads: 2 }),
  openWasm({ threads: 2, relaxedSimd: false }),
]);

export function closeAll(): void {
  for (const backend of ways) void backend.close?.();
}

/** The results of `nest`; output `i` takes over the buffer of input `inPlace[i]`, where that is given. */
export async function run(
  backend: Backend<WasmBuffer>,
  nest: LoopNest,
  inputs: readonly ArrayLike<number>[],
  inPlace: readonly (number | undefined)[] = [],
): Promise<Float64Array[]> {
  const kernel = await backend.compile(nest);
  const given = inputs.map((values, i) => {
    const data = encodeNumbers(values, nest.inputs[i]);
    const buffer = backend.allocate(data.byteLength);
    backend.write(buffer, data);
    return buffer;
  });
  const size = sizeOf(nest.shape);
  const guardBytes = 64;
  const outputs = nest.stores.map(({ dtype }, i) => {
    const taken = inPlace[i];
    if (taken !== undefined) return given[taken];
    const buffer = backend.allocate(size * bytesPerElement(dtype) + guardBytes);
    backend.write(buffer, new Uint8Array(size * bytesPerElement(dtype) + guardBytes).fill(171));
    return buffer;
  });
  kernel.run(given, outputs);
  const results = await Promise.all(
    nest.stores.map(async ({ dtype }, i) => {
      const length = size * bytesPerElement(dtype);
      const bytes = await backend.read(outputs[i], length + (inPlace[i] === undefined ? guardBytes : 0));
      // Not a byte behind the results was written.
      expect(new Set(new Uint8Array(bytes, length))).toEqual(new Set(inPlace[i] === undefined ? [171] : []));
      return Float64Array.from(decodeNumbers(viewArray(dtype, bytes, 0, size), dtype));
    }),
  );
  for (const buffer of new Set([...given, ...outputs])) backend.release(buffer);
  return results;
}

/** Numbers that inputs of these lengths hold once stored. */
export function randomInputs(nest: LoopNest, lengths: readonly number[], seed: number): ArrayLike<number>[] {
  const random = new Random(seed);
  return nest.inputs.map((dtype, i) =>
    decodeNumbers(
      encodeNumbers(
        random.list(lengths[i], () => random.element(dtype)),
        dtype,
      ),
      dtype,
    ),
  );
}

/** Every way gives the reference's results, and all of them with the same rounding whatever the number of threads. */
export async function expectReference(
  nest: LoopNest,
  inputs: readonly ArrayLike<number>[],
  roundings = 40,
): Promise<void> {
  const expected = interpretNest(nest, inputs);
  const all: Float64Array[][] = [];
  for (const backend of ways) all.push(await run(backend, nest, inputs));
  for (const results of all) {
    expected.forEach(({ values, magnitudes }, store) => {
      const rounding = roundings * roundingOf(nest.stores[store].dtype);
      values.forEach((value, i) => {
        const actual = results[store][i];
        if (!(actual === value || Math.abs(actual - value) <= rounding * magnitudes[i])) {
          expect.fail(`store ${store}, element ${i}: ${actual} instead of ${value}`);
        }
      });
    });
  }
  expect(all[1]).toEqual(all[0]);
}

function roundingOf(dtype: DType): number {
  return isFloat(dtype) ? { float32: 2 ** -24, float64: 2 ** -53, float16: 2 ** -11 }[dtype as "float32"] : 0;
}
