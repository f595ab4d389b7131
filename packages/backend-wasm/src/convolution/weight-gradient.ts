/**
 * The gradient of a convolution with respect to its weights: for every group the product of a matrix with the output's
 * gradient (rows are output channels) and one with the input as each tap sees it (columns are input channels and taps),
 * summed over all positions of all images.
 *
 * Positions are taken in blocks that fit the caches: some rows of an image, or some whole images. A unit of work is a
 * range of input channels, with all rows; for each block it copies the rows of its channels (see shifted-rows) and adds
 * the block's dot products to the result. When that makes too few units, the blocks are split into pieces as well,
 * each with sums of its own, and a second phase adds these up.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { Frame, KernelCode, Phase, Target } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";
import { combinePhase } from "../matmul/combine-pieces.ts";
import { depthwiseWeightGradientCode, suitsDepthwiseGradient } from "./depthwise-weight-gradient.ts";
import { dotTiles } from "./dot-tiles.ts";
import { type ConvolutionShape, inputPositions } from "./geometry.ts";
import { channelBytes, copyPlanes, imageBytes, tapOffset } from "./shifted-rows.ts";
import { planWeightGradient, type WeightGradientPlan } from "./weight-gradient-plan.ts";
import { suitsWinogradGradient, winogradWeightGradientCode } from "./winograd-weight-gradient.ts";

/** Inputs x and gradient of y, output gradient of the weights; none may be empty. */
export function weightGradientCode(shape: ConvolutionShape, target: Target): KernelCode {
  if (suitsDepthwiseGradient(shape)) return depthwiseWeightGradientCode(shape, target);
  if (suitsWinogradGradient(shape)) return winogradWeightGradientCode(shape, target);
  const plan = planWeightGradient(shape);
  const { groups, outputChannels } = shape;
  const { ranges, pieces, columns, positions } = plan;
  const partials = pieces > 1 ? 4 * pieces * outputChannels * columns : 0;
  const copyBytes = plan.inPlace ? 0 : plan.unitChannels * channelBytes(plan.copies) + 64;
  const sums: Phase = {
    units: pieces * groups * ranges,
    grain: 1,
    emit: (frame) =>
      emitSums(frame, shape, plan, {
        relaxed: target.relaxed,
        copy: i32.add(frame.scratch(), i32.add(partials, i32.mul(frame.thread, copyBytes))),
      }),
  };
  const product = { m: outputChannels, n: columns, k: positions, transposeA: false, transposeB: true, batch: [] };
  return {
    name: "convolutionWeightGradient",
    inputs: 2,
    outputs: 1,
    scratchBytes: partials + target.threads * copyBytes,
    phases: pieces > 1 ? [sums, combinePhase(product, pieces, 0)] : [sums],
  };
}

function emitSums(
  frame: Frame,
  shape: ConvolutionShape,
  plan: WeightGradientPlan,
  memory: { readonly relaxed: boolean; readonly copy: I32 },
): void {
  const { f } = frame;
  const { groups, inputChannels, outputChannels } = shape;
  const kernelWidth = shape.horizontal.kernel;
  const { rows, taps, columns, channels, copies, unitChannels, ranges, inPlace, pieces, pieceBlocks } = plan;
  const planeIn = 4 * inputPositions(shape);
  const imageIn = inputChannels * planeIn;
  const rowBytes = 4 * plan.positions;
  const channelStride = inPlace ? planeIn : channelBytes(copies);
  const multiply = dotTiles(frame.module, f, memory.relaxed, rows, {
    aRow: rowBytes,
    aRun: outputChannels * rowBytes,
    bRun: inPlace ? imageIn : imageBytes(copies),
    outputRow: 4 * columns,
  });
  const [x, g, copy] = [frame.input(0), frame.input(1), memory.copy].map((address) => f.bind(address));
  f.range(frame.first, frame.last, 1, (unit) => {
    const [piece, group, range] = positions(f, unit, [pieces, groups, ranges]);
    const channel = f.bind(i32.mul(range, unitChannels));
    const count = f.least(i32.sub(channels, channel), unitChannels);
    const results =
      pieces > 1 ? i32.add(frame.scratch(), i32.mul(piece, 4 * outputChannels * columns)) : frame.output(0);
    const result = i32.add(i32.mul(group, rows * columns), i32.mul(channel, taps));
    const output = f.bind(i32.add(results, i32.mul(result, 4)));
    const start = f.bind(i32.mul(piece, pieceBlocks));
    const end = f.least(i32.add(start, pieceBlocks), plan.blocks);
    f.range(start, end, 1, (index) => {
      const block = blockOf(f, shape, plan, index);
      const plane = i32.add(i32.add(i32.mul(block.image, inputChannels), i32.mul(group, channels)), channel);
      const source = f.bind(i32.add(x, i32.mul(plane, planeIn)));
      if (!inPlace)
        f.range(0, count, 1, (c) =>
          copyPlanes(f, copies, {
            target: i32.add(copy, i32.mul(c, channelBytes(copies))),
            source: i32.add(source, i32.mul(c, planeIn)),
            distance: imageIn,
            images: block.images,
            first: block.row,
          }),
        );
      const row = i32.add(i32.mul(block.image, outputChannels), i32.mul(group, rows));
      const first = inPlace ? f.bind(i32.add(source, block.skip)) : copy;
      multiply({
        a: i32.add(i32.add(g, i32.mul(row, rowBytes)), block.skip),
        rows,
        columns: f.bind(i32.mul(count, taps)),
        b: (column) => {
          if (taps === 1) return i32.add(first, i32.mul(column, channelStride));
          const channel = f.bind(i32.div_u(column, taps));
          const tap = f.bind(i32.sub(column, i32.mul(channel, taps)));
          const [down, across] = [i32.div_u(tap, kernelWidth), i32.rem_u(tap, kernelWidth)];
          return i32.add(i32.add(first, i32.mul(channel, channelStride)), tapOffset(copies, down, across));
        },
        runs: block.images,
        depth: block.depth,
        output,
        accumulate: f.bind(i32.ne(index, start)),
      });
    });
  });
}

/** Where a block lies, as locals. */
interface Block {
  /** Its first image and their number. */
  readonly image: I32;
  readonly images: I32;
  /** Its first output row, and the bytes before that in an output plane. */
  readonly row: I32;
  readonly skip: I32;
  /** Positions in each image. */
  readonly depth: I32;
}

function blockOf(
  f: FunctionBuilder,
  { batch, vertical, horizontal }: ConvolutionShape,
  plan: WeightGradientPlan,
  index: I32,
): Block {
  const image = f.bind(i32.mul(i32.div_u(index, plan.blocksPerImage), plan.blockImages));
  const row = f.bind(i32.mul(i32.rem_u(index, plan.blocksPerImage), plan.blockRows));
  return {
    image,
    images: f.least(i32.sub(batch, image), plan.blockImages),
    row,
    skip: f.bind(i32.mul(row, 4 * horizontal.output)),
    depth: f.bind(i32.mul(f.least(i32.sub(vertical.output, row), plan.blockRows), horizontal.output)),
  };
}
