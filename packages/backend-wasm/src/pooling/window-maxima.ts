/**
 * The code that finds the maximum of every pooling window of a plane, and where it is.
 *
 * The maximum of a window is its first in row-major order, and a NaN counts as one; what a window finds beside the input
 * is never the maximum. Neighbouring windows of a row are taken four at a time, tap after tap and without branches;
 * windows that hang over the left or right edge one at a time, with the same code.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { f32x4, i32x4, v128 } from "../assembler/simd.ts";
import { type I32, type Index, i32 } from "../assembler/values.ts";
import type { Axis } from "../convolution/geometry.ts";
import { loadSpaced, type Vector } from "../kernels/vectors.ts";

export interface PoolingShape {
  /** Images times channels. */
  readonly planes: number;
  readonly vertical: Axis;
  readonly horizontal: Axis;
}

/** Windows side by side. */
export interface WindowMaxima {
  /** -infinity for a window without elements. */
  readonly largest: Vector;
  /** Byte offsets of the maxima in the plane, -1 for a window without elements; only if asked for. */
  readonly places: Vector | undefined;
  /** How many of the lanes are windows, at least 1. */
  readonly count: I32;
  /** The byte offset of the first among the plane's windows. */
  readonly offset: I32;
}

/** Beyond this stride, four windows would be read too far behind the end of the memory they are in. */
const widestStride = 4;
/** Taps of a row up to this many are written out one by one. */
const fewTaps = 8;

/** Emits a walk over the windows of the plane at `plane`; `visit` says what to do with one or up to four of them. */
export function eachWindow(
  f: FunctionBuilder,
  shape: PoolingShape,
  plane: I32,
  wantsPlaces: boolean,
  visit: (maxima: WindowMaxima) => void,
): void {
  const [rows, columns] = [shape.vertical.output, shape.horizontal.output];
  const { begin, end } = inside(shape.horizontal);
  const x = f.local("i32");
  const group = (y: I32, lanes: 1 | 4, count: I32): void => {
    const { largest, places } = maximaOf(f, shape, plane, [y, x], lanes, wantsPlaces);
    const offset = f.bind(i32.shl(i32.add(i32.mul(y, columns), x), 2));
    visit({ largest, places, count, offset });
    f.release(largest, ...(places ? [places] : []));
    f.set(x, i32.add(x, count));
  };
  f.range(0, rows, 1, (y) => {
    f.set(x, i32.const(0));
    f.while(
      () => i32.lt_s(x, columns),
      () => {
        const isInside = begin === 0 && end === columns ? i32.const(1) : i32.lt_u(i32.sub(x, begin), end - begin);
        const hasRest = (end - begin) % 4 !== 0;
        f.if(
          begin < end ? isInside : i32.const(0),
          () => group(y, 4, hasRest ? f.least(i32.sub(end, x), 4) : i32.const(4)),
          () => group(y, 1, i32.const(1)),
        );
      },
    );
  });
  f.release(x);
}

/** Which windows of a row lie inside it with all their taps. */
function inside({ input, output, kernel, stride, before, dilation }: Axis): { begin: number; end: number } {
  if (stride > widestStride) return { begin: 0, end: 0 };
  const reach = (kernel - 1) * dilation;
  const begin = Math.min(output, Math.ceil(before / stride));
  const end = Math.min(output, Math.ceil((input + before - reach) / stride));
  return { begin, end: Math.max(begin, end) };
}

/** Goes through the taps of one window, or of four that lie inside their rows. */
function maximaOf(
  f: FunctionBuilder,
  shape: PoolingShape,
  plane: I32,
  [y, x]: readonly [I32, I32],
  lanes: 1 | 4,
  wantsPlaces: boolean,
): { largest: Vector; places: Vector | undefined } {
  const { vertical, horizontal } = shape;
  const largest = f.local("v128", f.constant(f32x4.const(Number.NEGATIVE_INFINITY)));
  const places = wantsPlaces ? f.local("v128", f.constant(i32x4.const(-1))) : undefined;
  const steps = f.constant(i32x4.const(...[0, 1, 2, 3].map((lane) => 4 * horizontal.stride * lane)));
  const firstColumn = f.bind(i32.sub(i32.mul(x, horizontal.stride), horizontal.before));
  const row = f.index(i32.sub(i32.mul(y, vertical.stride), vertical.before));
  const [value, isNew] = [f.local("v128"), f.local("v128")];
  const tap = (place: I32): void => {
    const at = f.bind(place);
    f.set(
      value,
      lanes === 1 ? v128.load32_zero(i32.add(plane, at)) : loadSpaced(f.bind(i32.add(plane, at)), horizontal.stride),
    );
    // A NaN is not less or equal, so it gets in; and nothing gets in after it.
    const isLarger = v128.andnot(f32x4.eq(largest, largest), f32x4.le(value, largest));
    f.set(isNew, places ? v128.or(isLarger, i32x4.shr_s(places, 31)) : isLarger);
    f.set(largest, v128.bitselect(value, largest, isNew));
    if (places) f.set(places, v128.bitselect(i32x4.add(i32x4.splat(at), steps), places, isNew));
  };
  const eachColumn = (body: (j: Index) => void): void => {
    if (lanes === 4 && horizontal.kernel <= fewTaps) for (let j = 0; j < horizontal.kernel; j++) body(j);
    else f.range(0, horizontal.kernel, 1, body);
  };
  f.range(0, vertical.kernel, 1, () => {
    f.if(i32.lt_u(row, vertical.input), () => {
      const start = f.bind(i32.mul(row, horizontal.input));
      eachColumn((j) => {
        const column = f.bind(i32.add(firstColumn, i32.mul(j, horizontal.dilation)));
        const place = i32.shl(i32.add(start, column), 2);
        f.if(lanes === 1 ? i32.lt_u(column, horizontal.input) : i32.const(1), () => tap(place));
      });
    });
    f.increase(row, vertical.dilation);
  });
  f.release(row, value, isNew);
  return { largest, places };
}

/** Runs `body` for each lane that is a window. */
export function eachLane(f: FunctionBuilder, count: I32, body: (lane: number) => void): void {
  body(0);
  for (const lane of [1, 2, 3]) f.if(i32.gt_s(count, lane), () => body(lane));
}
