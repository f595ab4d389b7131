/**
 * Copies of input rows as the taps of a kernel see them: for each horizontal tap, the elements that it meets at the
 * successive output columns, side by side, with zeros where the padding is. With rows of the output's width, the taps
 * of one kernel column differ only by whole rows, and a tap of an image is one run of memory whatever the stride.
 *
 * Planes of a channel: [horizontal tap][vertical phase][image][row][output column]. Row t of phase p is input row
 * (first + t) * stride + p; without a vertical stride there is one phase.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { type I32, type Index, i32 } from "../assembler/values.ts";
import type { Axis } from "./geometry.ts";
import { copyRun, fill } from "./images.ts";

/** Sizes of the copies. */
export interface ShiftedRows {
  readonly vertical: Axis;
  readonly horizontal: Axis;
  /** Rows per image and phase. */
  readonly rows: number;
  /** Most images. */
  readonly images: number;
}

export function imageBytes({ rows, horizontal }: ShiftedRows): number {
  return 4 * rows * horizontal.output;
}

function planeBytes(shape: ShiftedRows): number {
  return shape.images * imageBytes(shape);
}

export function channelBytes(shape: ShiftedRows): number {
  return shape.horizontal.kernel * shape.vertical.stride * planeBytes(shape);
}

/** Where the tap at (i, j) of a channel starts, from the channel's start. */
export function tapOffset(shape: ShiftedRows, i: I32, j: I32): I32 {
  const { stride, dilation } = shape.vertical;
  const row = i32.mul(i, dilation);
  const whole = stride === 1 ? row : i32.div_u(row, stride);
  const phase = stride === 1 ? 0 : i32.rem_u(row, stride);
  return i32.add(
    i32.mul(i32.add(i32.mul(j, stride), phase), planeBytes(shape)),
    i32.mul(whole, 4 * shape.horizontal.output),
  );
}

/**
 * Copies the planes of one channel. `target` is where they go and `source` the channel of the first image; `distance`
 * bytes lie between images. `first` is the first output row that is asked for.
 */
export function copyPlanes(
  f: FunctionBuilder,
  shape: ShiftedRows,
  operands: {
    readonly target: I32;
    readonly source: I32;
    readonly distance: number;
    readonly images: Index;
    readonly first: I32;
  },
): void {
  const { rows, vertical, horizontal } = shape;
  const { target, source, distance, images, first } = operands;
  const phases = new Set(Array.from({ length: vertical.kernel }, (_, i) => (i * vertical.dilation) % vertical.stride));
  const to = f.local("i32");
  const from = f.local("i32");
  const row = f.local("i32");
  const element = f.local("i32");
  for (let j = 0; j < horizontal.kernel; j++) {
    const start = j * horizontal.dilation - horizontal.before;
    const begin = Math.min(horizontal.output, Math.max(0, Math.ceil(-start / horizontal.stride)));
    const end = Math.max(begin, Math.min(horizontal.output, Math.ceil((horizontal.input - start) / horizontal.stride)));
    for (const phase of [...phases].sort((a, b) => a - b))
      f.range(0, images, 1, (image) => {
        const plane = (j * vertical.stride + phase) * planeBytes(shape);
        f.set(to, i32.add(i32.add(target, plane), i32.mul(image, imageBytes(shape))));
        f.set(row, i32.add(i32.mul(first, vertical.stride), phase - vertical.before));
        f.set(from, i32.add(i32.add(source, i32.mul(image, distance)), i32.mul(row, 4 * horizontal.input)));
        f.range(0, rows, 1, () => {
          f.if(
            i32.lt_u(row, vertical.input),
            () => {
              fill(f, to, begin);
              f.set(element, i32.add(from, 4 * (start + begin * horizontal.stride)));
              copyRun(f, to, element, end - begin, horizontal.stride);
              fill(f, to, horizontal.output - end);
            },
            () => fill(f, to, horizontal.output),
          );
          f.increase(from, 4 * horizontal.input * vertical.stride);
          f.increase(row, vertical.stride);
        });
      });
  }
  f.release(to, from, row, element);
}
