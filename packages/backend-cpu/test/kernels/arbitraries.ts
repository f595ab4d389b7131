/** Random arrays and geometries for the kernels' properties. */
import fc from "fast-check";

export type FloatArray = Float32Array | Float64Array;

/** Small whole numbers, so that sums are exact in float32 whatever their order. */
export function wholeNumbers(length: number, seed: number, wide: boolean): FloatArray {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  const values = Array.from({ length }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    state ^= state >>> 12;
    return ((state >>> 8) % 9) - 4;
  });
  return wide ? Float64Array.from(values) : Float32Array.from(values);
}

/** An array to be filled, which starts as NaN so that what is not written shows. */
export function blank(length: number, wide: boolean): FloatArray {
  return (wide ? new Float64Array(length) : new Float32Array(length)).fill(Number.NaN);
}

export interface Geometry {
  readonly batch: number;
  readonly groups: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
}

const pair = (least: number, most: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }));

/** Channels are per group. */
export const geometries: fc.Arbitrary<Geometry> = fc.record({
  batch: fc.integer({ min: 0, max: 3 }),
  groups: fc.integer({ min: 1, max: 3 }),
  inputs: fc.integer({ min: 1, max: 5 }),
  outputs: fc.integer({ min: 1, max: 5 }),
  size: pair(1, 12),
  kernel: pair(1, 4),
  stride: pair(1, 3),
  padding: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
  dilation: pair(1, 3),
});

/** Height or width of what a window leaves. */
export function outputExtent({ size, kernel, stride, padding, dilation }: Geometry, axis: 0 | 1): number {
  const room = size[axis] + padding[2 * axis] + padding[2 * axis + 1] - dilation[axis] * (kernel[axis] - 1) - 1;
  return Math.max(0, Math.floor(room / stride[axis]) + 1);
}

/** Calls `visit` for every window, tap and place in the input that lies inside it. */
export function eachTap(
  geometry: Geometry,
  visit: (output: readonly [number, number], tap: readonly [number, number], input: readonly [number, number]) => void,
): void {
  const { size, kernel, stride, padding, dilation } = geometry;
  for (let y = 0; y < outputExtent(geometry, 0); y++)
    for (let x = 0; x < outputExtent(geometry, 1); x++)
      for (let i = 0; i < kernel[0]; i++)
        for (let j = 0; j < kernel[1]; j++) {
          const row = y * stride[0] - padding[0] + i * dilation[0];
          const column = x * stride[1] - padding[2] + j * dilation[1];
          if (row >= 0 && row < size[0] && column >= 0 && column < size[1]) visit([y, x], [i, j], [row, column]);
        }
}
