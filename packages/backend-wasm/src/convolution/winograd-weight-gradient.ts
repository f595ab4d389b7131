/**
 * The gradient of a 3 by 3 convolution of stride one with respect to its weights, by the adjoint of the minimal filtering
 * of `winograd.ts`: tiles of the input and of the output's gradient become 6 by 6 factors; for each of the 36, the dot
 * products over all tiles are taken between every output and input channel; only these sums are transformed, to kernels.
 *
 * A unit is one row of factors, some output channels and a piece of the tiles. Block by block it makes the six factors of
 * its row, straight from the images, and adds the block's dot products to the piece's sums; making one row of factors at
 * a time costs little more than all, and its operands stay close. A last phase adds up the pieces and makes kernels.
 */
import { shuffle32 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { Frame, KernelCode, Target } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";
import { roundUp } from "../kernels/round-up.ts";
import { tileRows } from "../kernels/tile.ts";
import { dotTiles } from "./dot-tiles.ts";
import { type Axis, type ConvolutionShape, outputPositions } from "./geometry.ts";
import { type ImageLayout, imageLayout, imagePhases } from "./images.ts";
import { FactorRow } from "./winograd-factor-row.ts";
import { kernelGradientPhase } from "./winograd-kernel-gradient.ts";
import { filteredTiles } from "./winograd-plan.ts";
import { inputFactors, outputGradientFactors, Transforms, tileProducts, tileResults } from "./winograd-transforms.ts";

/** Tiles of a block, about. */
const blockTiles = 256;
/** Tiles' worth of output channels of a unit. */
const mostTileRows = 11;
/** Units that keep a few threads busy. */
const enoughUnits = 16;
/** Channels, and tiles, from which it is faster. */
const leastChannels = 6;
const leastTiles = 24;

export function suitsWinogradGradient(shape: ConvolutionShape): boolean {
  const tiles = filteredTiles(shape, leastChannels);
  return tiles >= leastTiles && 2 * shape.batch * outputPositions(shape) > tileResults ** 2 * tiles;
}

/** The kernel for a shape that suits: inputs x and gradient of y, output gradient of the weights. */
export function winogradWeightGradientCode(shape: ConvolutionShape, target: Target): KernelCode {
  const { batch, inputChannels, outputChannels, vertical, horizontal } = shape;
  const down = Math.ceil(vertical.output / tileResults);
  const across = Math.ceil(horizontal.output / tileResults);
  const layout = imageLayout(shape, tileResults * down + 2, tileResults * across + 2);
  const gradients = {
    ...shape,
    inputChannels: outputChannels,
    vertical: asItIs(vertical.output),
    horizontal: asItIs(horizontal.output),
  };
  const gradientLayout = imageLayout(gradients, tileResults * down, tileResults * across);
  // Blocks and pieces are whole rows of tiles.
  const lines = batch * down;
  const blockLines = Math.min(lines, Math.max(1, Math.round(blockTiles / across)));
  const blocks = Math.ceil(lines / blockLines);
  const rows = Math.min(outputChannels, mostTileRows * tileRows(target.relaxed));
  const shares = Math.ceil(outputChannels / rows);
  const pieceBlocks = Math.ceil(blocks / Math.min(blocks, Math.ceil(enoughUnits / (tileProducts * shares))));
  const pieces = Math.ceil(blocks / pieceBlocks);
  // Groups of four tiles are written whole; an odd number of cache lines spreads the rows over the sets of a cache.
  const pitch = 4 * roundUp(blockLines * across + 4, 32) + 64;
  const sumBytes = 4 * outputChannels * inputChannels;
  const pieceBytes = tileProducts ** 2 * sumBytes;
  const imageBytes = (layout: ImageLayout, channels: number): number =>
    layout.direct ? 0 : roundUp(4 * batch * channels * layout.planeLength, 64) + 64;
  const gradientsAt = imageBytes(layout, inputChannels);
  const sumsAt = gradientsAt + imageBytes(gradientLayout, outputChannels);
  const privateAt = sumsAt + pieces * pieceBytes + 64;
  const privateBytes = tileProducts * (inputChannels + rows) * pitch;

  const emit = (frame: Frame): void => {
    const { f, module, first, last, thread, input, scratch } = frame;
    const transforms = new Transforms(f, target.relaxed, "input", "outputGradient");
    const memory = f.bind(scratch());
    const x = f.bind(layout.direct ? input(0) : memory);
    const g = f.bind(gradientLayout.direct ? input(1) : i32.add(memory, gradientsAt));
    const own = f.bind(i32.add(i32.add(memory, privateAt), i32.mul(thread, privateBytes)));
    const ownGradients = f.bind(i32.add(own, tileProducts * inputChannels * pitch));
    const multiply = dotTiles(module, f, target.relaxed, outputChannels, {
      aRow: pitch,
      aRun: 0,
      bRun: 0,
      outputRow: 4 * inputChannels,
    });
    const xLine = new FactorRow(f, target.relaxed, inputFactors, layout);
    const gLine = new FactorRow(f, target.relaxed, outputGradientFactors, gradientLayout);
    const [place, end] = [f.local("i32"), f.local("i32")];
    f.range(first, last, 1, (unit) => {
      const [piece, share, factorRow] = positions(f, unit, [pieces, shares, tileProducts]);
      const row = f.bind(i32.mul(share, rows));
      const count = f.least(i32.sub(outputChannels, row), rows);
      xLine.choose(factorRow);
      gLine.choose(factorRow);
      const start = f.bind(i32.mul(piece, pieceBlocks * blockLines));
      const stop = f.least(i32.add(start, pieceBlocks * blockLines), lines);
      const sums = i32.add(i32.mul(piece, pieceBytes), i32.mul(factorRow, tileProducts * sumBytes));
      const output = f.bind(i32.add(i32.add(memory, sumsAt), i32.add(sums, i32.mul(row, 4 * inputChannels))));
      f.range(start, stop, blockLines, (block) => {
        f.set(end, f.least(i32.add(block, blockLines), stop));
        f.set(place, i32.const(0));
        f.range(block, end, 1, (line) => {
          const image = f.bind(i32.div_u(line, down));
          const tileRow = f.bind(i32.sub(line, i32.mul(image, down)));
          f.range(0, across, 4, (column) => {
            const source = (layout: ImageLayout, plane: I32): I32 =>
              i32.mul(
                i32.add(
                  i32.mul(plane, layout.planeLength),
                  i32.mul(i32.add(i32.mul(tileRow, layout.rowLength), column), tileResults),
                ),
                4,
              );
            xLine.make(i32.add(x, source(layout, i32.mul(image, inputChannels))), {
              to: i32.add(own, place),
              channels: i32.const(inputChannels),
              pitch,
              apart: inputChannels * pitch,
              vectors: 5,
              transform: ([v0, v1, v2, v3, v4]) => {
                const columns = transforms.transpose([v0, v1, v2, v3]);
                const ahead = [shuffle32(columns[0], v4, [1, 2, 3, 4]), shuffle32(columns[1], v4, [1, 2, 3, 5])];
                return transforms.input([...columns, ...ahead.map((value) => f.local("v128", value))]);
              },
            });
            gLine.make(i32.add(g, source(gradientLayout, i32.add(i32.mul(image, outputChannels), row))), {
              to: i32.add(ownGradients, place),
              channels: count,
              pitch,
              apart: rows * pitch,
              vectors: 4,
              transform: (values) => transforms.outputGradient(transforms.transpose(values)),
            });
            f.increase(place, i32.mul(f.least(i32.sub(across, column), 4), 4));
          });
        });
        const depth = f.bind(i32.shr_u(place, 2));
        const accumulate = f.bind(i32.ne(block, start));
        f.range(0, tileProducts, 1, (factor) => {
          const channels = f.bind(i32.add(own, i32.mul(factor, inputChannels * pitch)));
          multiply({
            a: i32.add(ownGradients, i32.mul(factor, rows * pitch)),
            rows: count,
            columns: i32.const(inputChannels),
            b: (channel) => i32.add(channels, i32.mul(channel, pitch)),
            runs: 1,
            depth,
            output: i32.add(output, i32.mul(factor, sumBytes)),
            accumulate,
          });
        });
      });
    });
  };

  return {
    name: "convolutionWeightGradient",
    inputs: 2,
    outputs: 1,
    scratchBytes: privateAt + target.threads * privateBytes + 64,
    phases: [
      ...imagePhases(shape, layout, 0, 0),
      ...imagePhases(gradients, gradientLayout, 1, gradientsAt),
      { units: tileProducts * shares * pieces, grain: 1, emit },
      kernelGradientPhase(shape, target, { pieces, sumsAt, sumBytes }),
    ],
  };
}

/** The axis of images that are taken as they are. */
function asItIs(extent: number): Axis {
  return { input: extent, output: extent, kernel: 1, stride: 1, dilation: 1, before: 0 };
}
