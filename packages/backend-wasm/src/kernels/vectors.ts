/** What kernels do with vectors of four 32-bit lanes beside arithmetic: transpositions, sums over lanes, spaced elements. */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { f32x4, i32x4, shuffle32, type V128, v128 } from "../assembler/simd.ts";
import type { Index } from "../assembler/values.ts";

/** A variable that holds a vector. */
export type Vector = Local<"v128">;

/** The four vectors of the first, second, third and fourth lanes of four vectors. */
export function transposed(f: FunctionBuilder, rows: readonly V128[]): Vector[] {
  const mixed = (x: V128, y: V128, orders: readonly (readonly number[])[]): Vector[] =>
    orders.map((order) => f.local("v128", shuffle32(x, y, order)));
  const interleaved = [
    [0, 4, 1, 5],
    [2, 6, 3, 7],
  ];
  const halves = [
    [0, 1, 4, 5],
    [2, 3, 6, 7],
  ];
  const pairs = f.once(rows, ([a, b, c, d]) => [mixed(a, b, interleaved), mixed(c, d, interleaved)]);
  const columns = [0, 1].flatMap((i) => mixed(pairs[0][i], pairs[1][i], halves));
  f.release(...pairs.flat());
  return columns;
}

/** A vector of the sums over the lanes of each of up to four vectors. */
export function sumLanes(f: FunctionBuilder, vectors: readonly V128[]): Vector {
  const folded = (x: V128, y: V128, low: readonly number[], high: readonly number[]): Vector =>
    f.local("v128", f32x4.add(shuffle32(x, y, low), shuffle32(x, y, high)));
  const low = [0, 4, 1, 5];
  const high = [2, 6, 3, 7];
  const pairs = f.once(vectors, ([a, b = a, c, d = c]) => [
    folded(a, b, low, high),
    ...(c ? [folded(c, d, low, high)] : []),
  ]);
  const [ab, cd = ab] = pairs;
  const sums = folded(ab, cd, [0, 1, 4, 5], [2, 3, 6, 7]);
  f.release(...pairs);
  return sums;
}

/** All ones in the first `count` lanes. */
export function laneMask(f: FunctionBuilder, count: number): V128 {
  return f.constant(i32x4.const(...[0, 1, 2, 3].map((lane) => (lane < count ? -1 : 0))));
}

/** Elements `step` apart, of which the first `lanes` matter; `pointer` is computed several times. */
export function loadSpaced(pointer: Index, step: number, offset = 0, lanes = 4): V128 {
  if (step === 1) return v128.load(pointer, offset);
  if (step === 2) return shuffle32(v128.load(pointer, offset), v128.load(pointer, offset + 16), [0, 2, 4, 6]);
  let vector = v128.load32_zero(pointer, offset);
  for (let lane = 1; lane < lanes; lane++) vector = v128.load32_lane(pointer, vector, lane, offset + 4 * step * lane);
  return vector;
}
