/**
 * Images as the inner loops like them: with the padding in place, and with rows and columns dealt out by the stride, so
 * that what one tap of the kernel sees of neighbouring outputs lies side by side.
 *
 * A plane (one channel of one image) holds a part for each pair of phases that some tap hits, phase = tap * dilation mod
 * stride; within a part the stride is one and rows have `rowLength` elements. The element that output (i, j) sees through
 * a tap is then i * rowLength + j + tapOffset(tap): an address of the position plus one of the tap, with no borders.
 */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { f32x4, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { Phase } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { loadSpaced } from "../kernels/vectors.ts";
import { type Axis, type ConvolutionShape, inputPositions, planeGrain } from "./geometry.ts";

export interface ImageLayout {
  /** Whether x lies like this already. */
  readonly direct: boolean;
  /** Elements of one row of a part. */
  readonly rowLength: number;
  /** Elements from one plane to the next. */
  readonly planeLength: number;
  /** Where a tap finds the element for output (0, 0), in elements from the start of the plane. */
  tapOffset(row: number, column: number): number;
  /** Writes the code that lays out one plane of x; the pointers stay. */
  copy(f: FunctionBuilder, to: Local<"i32">, from: Local<"i32">): void;
}

/** Where the taps of an axis fall. */
interface AxisLayout {
  readonly phases: readonly number[];
  /** Elements of each phase. */
  readonly length: number;
  place(tap: number): { readonly part: number; readonly step: number };
}

function axisLayout({ output, kernel, stride, dilation }: Axis, least: number): AxisLayout {
  const phases = [...new Set(Array.from({ length: kernel }, (_, tap) => (tap * dilation) % stride))];
  return {
    phases,
    length: Math.max(least, output + Math.floor(((kernel - 1) * dilation) / stride)),
    place: (tap) => ({ part: phases.indexOf((tap * dilation) % stride), step: Math.floor((tap * dilation) / stride) }),
  };
}

/** The elements of phase `phase` that are inputs, [begin, end), and the input that the first one is. */
function inside(
  { input, stride, before }: Axis,
  phase: number,
  length: number,
): { begin: number; end: number; from: number } {
  const begin = Math.min(length, Math.max(0, Math.ceil((before - phase) / stride)));
  const end = Math.max(begin, Math.min(length, Math.ceil((input + before - phase) / stride)));
  return { begin, end, from: begin * stride + phase - before };
}

function liesReady({ input, output, kernel, stride, dilation, before }: Axis): boolean {
  return stride === 1 && before === 0 && output + (kernel - 1) * dilation <= input;
}

/** The layout for a shape; parts have at least `rows` rows and `columns` columns. */
export function imageLayout(shape: ConvolutionShape, rows = 0, columns = 0): ImageLayout {
  const { vertical, horizontal } = shape;
  const down = axisLayout(vertical, rows);
  const across = axisLayout(horizontal, columns);
  const direct =
    liesReady(vertical) && liesReady(horizontal) && down.length <= vertical.input && across.length <= horizontal.input;
  const rowLength = direct ? horizontal.input : across.length;
  const part = down.length * rowLength;
  return {
    direct,
    rowLength,
    // Stores of whole vectors reach a little beyond the end.
    planeLength: direct ? inputPositions(shape) : roundUp(down.phases.length * across.phases.length * part + 4, 4),
    tapOffset: (row, column) => {
      const [y, x] = [down.place(row), across.place(column)];
      return (y.part * across.phases.length + x.part) * part + y.step * rowLength + x.step;
    },
    copy: (f, to, from) => {
      const target = f.local("i32", to);
      const source = f.local("i32");
      for (const phase of down.phases) {
        const y = inside(vertical, phase, down.length);
        for (const sidePhase of across.phases) {
          const x = inside(horizontal, sidePhase, rowLength);
          fill(f, target, y.begin * rowLength);
          f.set(source, i32.add(from, 4 * (y.from * horizontal.input + x.from)));
          f.range(y.begin, y.end, 1, () => {
            fill(f, target, x.begin);
            copyRun(f, target, source, x.end - x.begin, horizontal.stride);
            f.increase(source, 4 * vertical.stride * horizontal.input);
            fill(f, target, rowLength - x.end);
          });
          fill(f, target, (down.length - y.end) * rowLength);
        }
      }
      f.release(target, source);
    },
  };
}

/** Writes `count` elements behind `to`, four at a time, and moves it there; up to three more are overwritten. */
function writeRun(
  f: FunctionBuilder,
  to: Local<"i32">,
  count: number,
  value: (at: I32, offset: number, lanes: number) => V128,
): void {
  const unroll = 4;
  const whole = Math.floor(count / 4 / unroll) * unroll * 4;
  f.range(0, whole, 4 * unroll, (i) => {
    f.once([i32.mul(i, 4)], ([at]) => {
      for (let j = 0; j < unroll; j++) f.emit(v128.store(i32.add(to, at), value(at, 4 * j, 4), 16 * j));
    });
  });
  for (let i = whole; i < count; i += 4) f.emit(v128.store(to, value(i32.const(0), i, Math.min(4, count - i)), 4 * i));
  f.increase(to, 4 * count);
}

export function fill(f: FunctionBuilder, to: Local<"i32">, count: number): void {
  writeRun(f, to, count, () => f32x4.const(0));
}

/** Copies every `step`-th element. */
export function copyRun(f: FunctionBuilder, to: Local<"i32">, from: Local<"i32">, count: number, step: number): void {
  writeRun(f, to, count, (at, offset, lanes) =>
    loadSpaced(i32.add(from, i32.mul(at, step)), step, 4 * step * offset, lanes),
  );
}

/** The phase that lays out all planes of input `position` at `at` of the scratch memory; none where x will do. */
export function imagePhases(
  shape: ConvolutionShape,
  layout: ImageLayout,
  position: number,
  at: number,
): readonly Phase[] {
  if (layout.direct) return [];
  return [
    {
      units: shape.batch * shape.inputChannels,
      grain: planeGrain(layout.planeLength),
      emit: ({ f, first, last, input, scratch }) => {
        const from = f.local("i32", i32.add(input(position), i32.mul(first, 4 * inputPositions(shape))));
        const to = f.local("i32", i32.add(i32.add(scratch(), at), i32.mul(first, 4 * layout.planeLength)));
        f.range(first, last, 1, () => {
          layout.copy(f, to, from);
          f.increase(from, 4 * inputPositions(shape));
          f.increase(to, 4 * layout.planeLength);
        });
      },
    },
  ];
}
