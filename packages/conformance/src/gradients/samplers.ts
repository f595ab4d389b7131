/** Arrays that keep away from the places where functions have kinks, jumps and poles. */
import { type HostArray, type Shape, sizeOf } from "@sconce/core";
import type { Random } from "../random.ts";

function float64(shape: Shape, values: readonly number[]): HostArray {
  return { shape, dtype: "float64", data: Float64Array.from(values) };
}

/** Numbers of either sign, at least `margin` from 0. */
export function awayFromZero(random: Random, shape: Shape, margin = 0.2): HostArray {
  return float64(
    shape,
    random.list(sizeOf(shape), () => random.uniform(margin, 2) * (random.uniform() < 0.5 ? -1 : 1)),
  );
}

/** Numbers in [0.4, 2). */
export function positive(random: Random, shape: Shape): HostArray {
  return random.floats(shape, 0.4, 2);
}

/** Numbers of either sign with a fraction between 0.1 and 0.4, so that neither they nor their doubles are whole. */
export function fractional(random: Random, shape: Shape): HostArray {
  return float64(
    shape,
    random.list(sizeOf(shape), () => random.integer(-3, 3) + random.uniform(0.1, 0.4)),
  );
}

/** Numbers in (-2, 2) of which any two are far apart, in random order. */
export function distinct(random: Random, shape: Shape): HostArray {
  const size = sizeOf(shape);
  const values = Array.from({ length: size }, (_, i) => (4 * (i + random.uniform(0.3, 0.7))) / size - 2);
  for (let i = size - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [values[i], values[j]] = [values[j], values[i]];
  }
  return float64(shape, values);
}

/** Whole numbers from `low` to `high`, as int32: positions, which are not differentiated. */
export function whole(random: Random, shape: Shape, low: number, high: number): HostArray {
  return { shape, dtype: "int32", data: Int32Array.from(random.list(sizeOf(shape), () => random.integer(low, high))) };
}

export function bools(random: Random, shape: Shape): HostArray {
  return { shape, dtype: "bool", data: Uint8Array.from(random.list(sizeOf(shape), () => random.integer(0, 1))) };
}
