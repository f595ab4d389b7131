/** The values that tools/parity/models.py gives variables and images: functions of their names. */
import { type Shape, sizeOf, type Tensor, tensor, type Variable } from "@sconce/core";

export function fnv1a(text: string): number {
  let code = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) code = Math.imul(code ^ byte, 0x01000193);
  return code >>> 0;
}

/** Random 32-bit numbers: mulberry32 from the hash of the name. */
export function hashes(name: string, size: number): Uint32Array {
  const values = new Uint32Array(size);
  let state = fnv1a(name);
  for (let i = 0; i < size; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    values[i] = t ^ (t >>> 14);
  }
  return values;
}

/** Numbers in [-1, 1), from the random bits of the name, each mapped. */
export function uniform(name: string, size: number, map: (u: number, i: number) => number): Float32Array {
  return Float32Array.from(hashes(name, size), (hash, i) => map(hash / 2 ** 31 - 1, i));
}

export function imagesOf(shape: Shape): Tensor {
  const values = uniform("images", sizeOf(shape), (u) => u);
  return tensor(values, { shape });
}

/** What keeps signals at their size in a weight, near 1 or 0 elsewhere. */
export function valueOf(name: string, { shape, dtype }: Variable): Tensor {
  if (name.endsWith("num_batches_tracked")) return tensor(new Int32Array(1), { shape, dtype });
  const bound = Math.sqrt(6 / sizeOf(shape.slice(1)));
  const nearOne = /(running_var|weight)$/.test(name);
  const map = (u: number): number => (shape.length > 1 ? u * bound : nearOne ? 1 + u / 2 : u / 8);
  return tensor(uniform(name, sizeOf(shape), map), { shape, dtype });
}
