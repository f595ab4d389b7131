/**
 * The gradient of a depthwise convolution with respect to its weights: per output channel, one dot product of the output's
 * gradient with the input for each tap.
 *
 * A unit is an output channel, through all images. Each plane of the input is laid out as `images.ts` says, in the
 * thread's own memory; then the output's rows are walked four positions at a time, with as many taps as there are
 * registers for their sums. Between images the sums wait in memory, four partial ones for each tap.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { f32x4, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { KernelCode, Target } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { storeLanes } from "../kernels/store-tile.ts";
import { multiplyAdd } from "../kernels/tile.ts";
import { laneMask, sumLanes } from "../kernels/vectors.ts";
import { type ConvolutionShape, inputPositions, kernelTaps, outputPositions } from "./geometry.ts";
import { imageLayout } from "./images.ts";

/** Taps at a time; their sums and two operands fit the registers. */
const tapsAtOnce = 12;
/** Fewer channels than this leave threads idle. */
const fewestChannels = 16;
/** The most taps worth unrolling. */
const mostTaps = 49;
const unroll = 4;

export function suitsDepthwiseGradient(shape: ConvolutionShape): boolean {
  const { inputChannels, outputChannels, groups } = shape;
  return (
    inputChannels === groups &&
    outputChannels <= 2 * groups &&
    groups >= fewestChannels &&
    kernelTaps(shape) <= mostTaps
  );
}

/** The kernel for a shape that suits: inputs x and gradient of y, output gradient of the weights. */
export function depthwiseWeightGradientCode(shape: ConvolutionShape, target: Target): KernelCode {
  const { batch, inputChannels, outputChannels, vertical, horizontal } = shape;
  const layout = imageLayout(shape);
  const taps = kernelTaps(shape);
  const offsets = Array.from({ length: taps }, (_, tap) =>
    layout.tapOffset(Math.floor(tap / horizontal.kernel), tap % horizontal.kernel),
  );
  const sumBytes = roundUp(16 * taps, 64);
  const privateBytes = sumBytes + (layout.direct ? 0 : roundUp(4 * layout.planeLength, 64)) + 64;
  const planeBytes = 4 * outputPositions(shape);
  return {
    name: "convolutionWeightGradient",
    inputs: 2,
    outputs: 1,
    scratchBytes: target.threads * privateBytes,
    phases: [
      {
        units: outputChannels,
        grain: 1,
        emit: ({ f, first, last, thread, input, output, scratch }) => {
          const sums = f.bind(i32.add(scratch(), i32.mul(thread, privateBytes)));
          const own = f.index(i32.add(sums, sumBytes));
          const [x, g] = [f.local("i32"), f.local("i32")];
          f.range(first, last, 1, (channel) => {
            f.set(x, i32.div_u(channel, outputChannels / inputChannels));
            f.set(x, i32.add(input(0), i32.mul(x, 4 * inputPositions(shape))));
            f.set(g, i32.add(input(1), i32.mul(channel, planeBytes)));
            for (let tap = 0; tap < taps; tap++) f.emit(v128.store(sums, f32x4.const(0), 16 * tap));
            f.range(0, batch, 1, () => {
              if (!layout.direct) layout.copy(f, own, x);
              for (let tap = 0; tap < taps; tap += tapsAtOnce)
                addPlane(f, target.relaxed, {
                  x: layout.direct ? x : own,
                  g,
                  rows: vertical.output,
                  columns: horizontal.output,
                  rowLength: layout.rowLength,
                  offsets: offsets.slice(tap, tap + tapsAtOnce),
                  sums: i32.add(sums, 16 * tap),
                });
              f.increase(x, 4 * inputChannels * inputPositions(shape));
              f.increase(g, outputChannels * planeBytes);
            });
            const to = f.index(i32.add(output(0), i32.mul(channel, 4 * taps)));
            for (let tap = 0; tap < taps; tap += 4) {
              const count = Math.min(4, taps - tap);
              const four = Array.from({ length: count }, (_, i) => v128.load(sums, 16 * (tap + i)));
              storeLanes(f, to, sumLanes(f, four), count, 4 * tap);
            }
          });
        },
      },
    ],
  };
}

interface PlaneOperands {
  readonly x: I32;
  readonly g: I32;
  readonly rows: number;
  readonly columns: number;
  /** Elements of a row of x. */
  readonly rowLength: number;
  /** Where the taps find the element for output (0, 0), in elements. */
  readonly offsets: readonly number[];
  readonly sums: I32;
}

/** Adds the products of one plane to the sums of some taps. */
function addPlane(f: FunctionBuilder, relaxed: boolean, operands: PlaneOperands): void {
  const { rows, columns, rowLength, offsets } = operands;
  const [x, g] = [f.index(operands.x), f.index(operands.g)];
  const at = f.bind(operands.sums);
  const sums = offsets.map((_, i) => f.local("v128", v128.load(at, 16 * i)));
  const gradient = f.local("v128");
  const step = (ahead: number, lanes: number): void => {
    // Lanes beyond the row may hold anything, also what is not a number.
    const mask = (value: V128): V128 => (lanes >= 4 ? value : v128.and(value, laneMask(f, lanes)));
    f.set(gradient, mask(v128.load(g, 4 * ahead)));
    sums.forEach((sum, i) => {
      f.set(sum, multiplyAdd(relaxed, mask(v128.load(x, 4 * (offsets[i] + ahead))), gradient, sum));
    });
  };
  const turns = Math.floor(columns / (4 * unroll));
  f.range(0, rows, 1, () => {
    f.range(0, turns, 1, () => {
      for (let k = 0; k < unroll; k++) step(4 * k, 4);
      f.increase(x, 16 * unroll);
      f.increase(g, 16 * unroll);
    });
    const done = turns * 4 * unroll;
    for (let k = 0; done + k < columns; k += 4) step(k, columns - done - k);
    f.increase(x, 4 * (rowLength - done));
    f.increase(g, 4 * (columns - done));
  });
  sums.forEach((sum, i) => {
    f.emit(v128.store(at, sum, 16 * i));
  });
  f.release(x, g, gradient, ...sums);
}
