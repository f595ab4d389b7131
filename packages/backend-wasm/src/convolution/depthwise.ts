/**
 * Depthwise convolution: a group is one input channel, with one or more output channels.
 *
 * A unit is one plane of the input. It is laid out as `images.ts` says, in the thread's own memory, where it stays close;
 * the taps are then unrolled over a block of output rows, four positions at a time. Each element is loaded once for all the
 * rows and taps of the block that see it.
 */
import { f32x4, v128 } from "../assembler/simd.ts";
import { i32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { Frame, KernelCode, Target } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { multiplyAdd } from "../kernels/tile.ts";
import { type ConvolutionShape, inputPositions, kernelTaps, outputPositions, planeGrain } from "./geometry.ts";
import { type ImageLayout, imageLayout } from "./images.ts";
import { resultStore } from "./results.ts";

/** Output rows at a time. */
const blockRows = 4;
/** The most taps worth unrolling. */
const mostTaps = 49;

export function suitsDepthwise(shape: ConvolutionShape): boolean {
  return shape.inputChannels === shape.groups && kernelTaps(shape) <= mostTaps;
}

/** The convolution of a shape that suits, and has results. */
export function depthwiseCode(shape: ConvolutionShape, target: Target, epilogue?: Epilogue): KernelCode {
  const layout = imageLayout(shape);
  const { vertical, inputChannels, outputChannels } = shape;
  const positions = outputPositions(shape);
  const multiplier = outputChannels / inputChannels;
  const privateBytes = layout.direct ? 0 : roundUp(4 * layout.planeLength, 64) + 64;
  const emit = (frame: Frame): void => {
    const { f, first, last, thread, input, scratch } = frame;
    const own = f.local("i32", i32.add(scratch(), i32.mul(thread, privateBytes)));
    const x = f.local("i32", i32.add(input(0), i32.mul(first, 4 * inputPositions(shape))));
    const weights = f.bind(input(1));
    const store = resultStore(frame, shape, epilogue);
    const [base, position, channel, pointer, weight] = Array.from({ length: 5 }, () => f.local("i32"));
    const taps = Array.from({ length: kernelTaps(shape) }, () => f.local("v128"));
    const rows = (count: number): void => {
      const sees = visibleElements(shape, layout, count);
      const line = f.local("i32", pointer);
      const start = f.local("i32", position);
      const four = (ahead: number, width: number): void => {
        const sums = Array.from({ length: count }, () => f.local("v128", f32x4.const(0)));
        const element = f.local("v128");
        for (const { offset, uses } of sees) {
          f.set(element, v128.load(line, 4 * (offset + ahead)));
          for (const { row, tap } of uses) f.set(sums[row], multiplyAdd(target.relaxed, element, taps[tap], sums[row]));
        }
        for (const [row, sum] of sums.entries())
          store(sum, {
            base: i32.add(base, start),
            position: start,
            channel,
            row: 0,
            ahead: row * shape.horizontal.output + ahead,
            count: width,
          });
        f.release(element, ...sums);
      };
      const width = shape.horizontal.output;
      f.range(0, width - (width % 4), 4, () => {
        four(0, 4);
        f.increase(line, 16);
        f.increase(start, 16);
      });
      if (width % 4 > 0) four(0, width % 4);
      f.release(line, start);
      f.increase(pointer, 4 * count * layout.rowLength);
      f.increase(position, 4 * count * width);
    };
    f.range(first, last, 1, (plane) => {
      if (!layout.direct) layout.copy(f, own, x);
      const image = f.bind(i32.div_u(plane, inputChannels));
      f.set(base, i32.mul(image, 4 * outputChannels * positions));
      f.set(channel, i32.mul(i32.sub(plane, i32.mul(image, inputChannels)), multiplier));
      f.range(0, multiplier, 1, () => {
        f.set(weight, i32.add(weights, i32.mul(channel, 4 * taps.length)));
        for (const [i, tap] of taps.entries()) f.set(tap, v128.load32_splat(weight, 4 * i));
        f.set(pointer, layout.direct ? x : own);
        f.set(position, i32.const(0));
        f.range(0, vertical.output - (vertical.output % blockRows), blockRows, () => rows(blockRows));
        if (vertical.output % blockRows > 0) rows(vertical.output % blockRows);
        f.increase(channel, 1);
      });
      f.increase(x, 4 * inputPositions(shape));
    });
  };
  return {
    name: "convolution",
    inputs: 2 + (epilogue?.operands.length ?? 0),
    outputs: 1,
    scratchBytes: privateBytes * target.threads,
    phases: [{ units: shape.batch * inputChannels, grain: planeGrain(multiplier * positions), emit }],
  };
}

interface Element {
  /** Elements from the first one that the block's first position sees. */
  readonly offset: number;
  readonly uses: { readonly row: number; readonly tap: number }[];
}

/** What the same position of `count` rows sees, each element once, with the rows and taps that use it. */
function visibleElements(
  { vertical, horizontal }: ConvolutionShape,
  layout: ImageLayout,
  count: number,
): readonly Element[] {
  const elements = new Map<number, Element>();
  for (let row = 0; row < count; row++)
    for (let y = 0; y < vertical.kernel; y++)
      for (let x = 0; x < horizontal.kernel; x++) {
        const offset = row * layout.rowLength + layout.tapOffset(y, x);
        const known = elements.get(offset) ?? { offset, uses: [] };
        known.uses.push({ row, tap: y * horizontal.kernel + x });
        elements.set(offset, known);
      }
  return [...elements.values()].sort((a, b) => a.offset - b.offset);
}
