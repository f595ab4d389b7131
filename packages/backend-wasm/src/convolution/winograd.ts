/**
 * Convolution with a 3 by 3 kernel at stride one by Winograd's minimal filtering F(4x4, 3x3): kernels and tiles of the
 * input become 6 by 6 factors, so that 36 products give 16 results where 144 were needed. For each of the 36, the sum over
 * input channels is a matrix product of kernels [output channels, input channels] and tiles [input channels, tiles].
 *
 * Of the two operands, the larger is transformed piece by piece in the unit that needs it, so that its factors stay in the
 * cache; the smaller one is transformed beforehand. A unit does the products of a few output channels and a block of tiles
 * at a time and transforms the sums back at once.
 *
 * An infinity or NaN spoils all 16 results of the tiles that see it, and the rounding errors of a tile are relative to the
 * largest value that it sees.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { f32x4, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { Frame, KernelCode, Phase, Target } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";
import { accumulateTile, tileVectors, zeroTile } from "../kernels/tile.ts";
import type { ConvolutionShape } from "./geometry.ts";
import { imagePhases } from "./images.ts";
import { resultStore } from "./results.ts";
import { factors, planWinograd, type WinogradPlan } from "./winograd-plan.ts";
import { transformKernels, transformSums, transformTiles } from "./winograd-steps.ts";
import { Transforms } from "./winograd-transforms.ts";

/** Input channels of a unit that transforms tiles beforehand. */
const channelChunk = 16;

/** The convolution of a shape that suits; none of its arrays may be empty. */
export function winogradCode(shape: ConvolutionShape, target: Target, epilogue?: Epilogue): KernelCode {
  const plan = planWinograd(shape, target);
  const units = plan.fewTiles ? plan.shares : plan.blocks * plan.shares;
  return {
    name: "convolution",
    inputs: 2 + (epilogue?.operands.length ?? 0),
    outputs: 1,
    scratchBytes: plan.privateAt + plan.privateBytes * target.threads,
    phases: [
      ...imagePhases(shape, plan.layout, 0, 0),
      plan.fewTiles ? tilePhase(plan, target) : kernelPhase(plan, target),
      { units, grain: 1, emit: (frame) => emitUnits(frame, plan, target, epilogue) },
    ],
  };
}

function imagesOf({ f, input, scratch }: Frame, { layout }: WinogradPlan): I32 {
  return f.bind(layout.direct ? input(0) : scratch());
}

/** All kernels, before many tiles. */
function kernelPhase(plan: WinogradPlan, { relaxed }: Target): Phase {
  const { inputChannels, outputChannels } = plan.shape;
  return {
    units: outputChannels,
    grain: Math.ceil(1024 / inputChannels),
    emit: ({ f, first, last, input, scratch }) => {
      const to = i32.add(scratch(), i32.add(plan.sharedAt, i32.mul(first, 4 * plan.kernelPitch)));
      transformKernels(f, new Transforms(f, relaxed, "kernel"), plan, {
        weights: f.bind(input(1)),
        to,
        begin: first,
        end: last,
      });
    },
  };
}

/** All tiles, before many kernels. */
function tilePhase(plan: WinogradPlan, { relaxed }: Target): Phase {
  const chunks = Math.ceil(plan.shape.inputChannels / channelChunk);
  return {
    units: plan.blocks * chunks,
    grain: 1,
    emit: (frame) => {
      const { f, first, last, scratch } = frame;
      const transforms = new Transforms(f, relaxed, "input");
      const images = imagesOf(frame, plan);
      const shared = f.bind(i32.add(scratch(), plan.sharedAt));
      f.range(first, last, 1, (unit) => {
        const [block, chunk] = positions(f, unit, [plan.blocks, chunks]);
        const channel = f.bind(i32.mul(chunk, channelChunk));
        const channelEnd = f.least(i32.add(channel, channelChunk), plan.shape.inputChannels);
        const begin = f.bind(i32.mul(block, plan.block));
        const end = f.least(i32.add(begin, plan.block), plan.tiles);
        const to = f.bind(i32.add(shared, i32.mul(block, plan.tileBytes)));
        transformTiles(f, transforms, plan, { images, to, begin, end, channel, channelEnd });
      });
    },
  };
}

function emitUnits(frame: Frame, plan: WinogradPlan, target: Target, epilogue: Epilogue | undefined): void {
  const { f, first, last, thread, input, scratch } = frame;
  const { fewTiles, shape, shares, share } = plan;
  const { inputChannels, outputChannels } = shape;
  const shared = f.bind(i32.add(scratch(), plan.sharedAt));
  const own = f.bind(i32.add(scratch(), i32.add(plan.privateAt, i32.mul(thread, plan.privateBytes))));
  const sums = f.bind(i32.add(own, fewTiles ? plan.kernelBytes : plan.tileBytes));
  const images = imagesOf(frame, plan);
  const weights = f.bind(input(1));
  const transforms = new Transforms(f, target.relaxed, fewTiles ? "kernel" : "input", "output");
  const store = resultStore(frame, shape, epilogue);
  const [begin, end, row, rowEnd, rows, tiles, kernels] = Array.from({ length: 7 }, () => f.local("i32"));
  const startBlock = (block: I32): void => {
    f.set(begin, i32.mul(block, plan.block));
    f.set(end, f.least(i32.add(begin, plan.block), plan.tiles));
  };
  const finishBlock = (): void => {
    const columns = f.local("i32", i32.sub(end, begin));
    multiplyFactors(f, target, plan, { kernels, tiles, sums, rows, columns });
    transformSums(f, transforms, plan, { sums, begin, end, row, rows }, store);
    f.release(columns);
  };
  f.range(first, last, 1, (unit) => {
    const [block, shareNumber] = positions(f, unit, [fewTiles ? 1 : plan.blocks, shares]);
    f.set(row, i32.mul(shareNumber, share));
    f.set(rowEnd, f.least(i32.add(row, share), outputChannels));
    if (fewTiles) {
      f.set(rows, i32.sub(rowEnd, row));
      transformKernels(f, transforms, plan, { weights, to: own, begin: row, end: rowEnd });
      f.set(kernels, own);
      f.set(tiles, shared);
      f.range(0, plan.blocks, 1, (block) => {
        startBlock(block);
        finishBlock();
        f.increase(tiles, plan.tileBytes);
      });
      return;
    }
    startBlock(block);
    const channels = { channel: i32.const(0), channelEnd: i32.const(inputChannels) };
    transformTiles(f, transforms, plan, { images, to: own, begin, end, ...channels });
    f.set(tiles, own);
    f.while(
      () => i32.lt_s(row, rowEnd),
      () => {
        f.set(rows, f.least(i32.sub(rowEnd, row), plan.rows));
        f.set(kernels, i32.add(shared, i32.mul(row, 4 * plan.kernelPitch)));
        finishBlock();
        f.increase(row, rows);
      },
    );
  });
}

/** For each factor, sums[row][tile] = sum over input channels of kernels[row][channel] * tiles[channel][tile]. */
function multiplyFactors(
  f: FunctionBuilder,
  { relaxed }: Target,
  plan: WinogradPlan,
  at: Record<"kernels" | "tiles" | "sums" | "rows" | "columns", I32>,
): void {
  const [kernels, tiles, sums] = [f.local("i32", at.kernels), f.local("i32", at.tiles), f.local("i32", at.sums)];
  const [row, line, a, b, to] = Array.from({ length: 5 }, () => f.local("i32"));
  const multiply = (rows: number): void => {
    const tile = zeroTile(f, rows, tileVectors);
    f.set(to, i32.add(sums, i32.mul(row, 4 * plan.block)));
    f.set(line, i32.add(kernels, i32.mul(row, 4 * plan.kernelPitch)));
    f.range(0, at.columns, 4 * tileVectors, (column) => {
      f.set(a, line);
      f.set(b, i32.add(tiles, i32.mul(column, 4)));
      for (const value of tile.flat()) f.set(value, f32x4.const(0));
      accumulateTile(f, relaxed, tile, {
        rows,
        vectors: tileVectors,
        a,
        aRow: 4 * plan.kernelPitch,
        aStep: 4,
        b,
        bStep: 4 * plan.tilePitch,
        depth: plan.shape.inputChannels,
      });
      tile.forEach((values, r) => {
        values.forEach((value, v) => {
          f.emit(v128.store(to, value, 4 * plan.block * r + 16 * v));
        });
      });
      f.increase(to, 16 * tileVectors);
    });
    f.release(...tile.flat());
  };
  f.range(0, factors.length, 1, () => {
    f.set(row, i32.const(0));
    f.while(
      () => i32.le_s(i32.add(row, plan.tileHeight), at.rows),
      () => {
        multiply(plan.tileHeight);
        f.increase(row, plan.tileHeight);
      },
    );
    const left = plan.shape.outputChannels % plan.tileHeight;
    if (left > 0) f.if(i32.lt_s(row, at.rows), () => multiply(left));
    f.increase(kernels, plan.kernelsApart);
    f.increase(tiles, plan.tilesApart);
    f.increase(sums, plan.sumsApart);
  });
  f.release(kernels, tiles, sums, row, line, a, b, to);
}
