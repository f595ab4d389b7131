/**
 * Convolution as a matrix product, for every geometry: weights [output channels, depth] as they lie, times patches
 * [depth, positions] that are never written out whole.
 *
 * A unit is a block of positions and a share of a group's output channels. For each block of the depth it packs the
 * block's patches into its thread's own memory, where they stay in the second level of cache, and then multiplies: the rows
 * of a tile stay in the first level while the panels of patches go by. Sums of unfinished tiles wait behind the panels.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { f32x4, v128 } from "../assembler/simd.ts";
import { type I32, type Index, i32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { Frame, KernelCode, Target } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";
import { accumulateTile, tileVectors, zeroTile } from "../kernels/tile.ts";
import { type ConvolutionShape, outputPositions } from "./geometry.ts";
import { imagePhases } from "./images.ts";
import { offsetTablePhase, packPatches, patchVector } from "./pack-patches.ts";
import { type ProductPlan, placeBytes, planProduct } from "./product-plan.ts";
import { type ResultStore, resultStore } from "./results.ts";

/** The convolution of any shape; none of its arrays may be empty. */
export function productCode(shape: ConvolutionShape, target: Target, epilogue?: Epilogue): KernelCode {
  const plan = planProduct(shape, target);
  const units = plan.blocks * plan.shares * shape.groups;
  return {
    name: "convolution",
    inputs: 2 + (epilogue?.operands.length ?? 0),
    outputs: 1,
    scratchBytes: plan.privateAt + plan.privateBytes * target.threads,
    phases: [
      ...imagePhases(shape, plan.layout, 0, plan.imagesAt),
      offsetTablePhase(shape, plan.layout, 0),
      { units, grain: 1, emit: (frame) => emitUnits(frame, plan, target, epilogue) },
    ],
  };
}

function emitUnits(frame: Frame, plan: ProductPlan, target: Target, epilogue: Epilogue | undefined): void {
  const { f, first, last, thread, input, scratch } = frame;
  const {
    shape,
    layout,
    vectors,
    block,
    blocks,
    tileHeight,
    rows,
    share,
    shares,
    depth,
    slice,
    placesBytes,
    panelBytes,
  } = plan;
  const memory = f.bind(scratch());
  const places = f.bind(i32.add(i32.add(memory, plan.privateAt), i32.mul(thread, plan.privateBytes)));
  const panels = f.bind(i32.add(places, placesBytes));
  const sums = f.bind(i32.add(panels, (block / tileVectors) * panelBytes));
  const allImages = f.bind(layout.direct ? input(0) : i32.add(memory, plan.imagesAt));
  const weights = f.bind(input(1));
  const store = resultStore(frame, shape, epilogue);
  const [images, table, begin, end, length, row, rowEnd, channel, sum, a] = Array.from({ length: 10 }, () =>
    f.local("i32"),
  );
  f.range(first, last, 1, (unit) => {
    const [group, blockNumber, shareNumber] = positions(f, unit, [shape.groups, blocks, shares]);
    const groupBytes = (4 * shape.inputChannels * layout.planeLength) / shape.groups;
    f.set(images, i32.add(allImages, i32.mul(group, groupBytes)));
    f.set(begin, i32.mul(blockNumber, block));
    f.set(end, f.least(i32.add(begin, block), vectors));
    f.set(table, memory);
    f.range(0, depth, slice, (from) => {
      f.set(length, f.least(i32.sub(depth, from), slice));
      packBlock(f, plan, { places, panels, images, table, begin, end, depth: length });
      f.set(sum, sums);
      f.set(row, i32.mul(shareNumber, share));
      f.set(rowEnd, f.least(i32.add(row, share), rows));
      const multiply = (count: number): void => {
        f.set(channel, i32.add(i32.mul(group, rows), row));
        f.set(a, i32.add(weights, i32.mul(i32.add(i32.mul(channel, depth), from), 4)));
        const at = { places, panels, sum, channel, begin, end, a, depth: slice < depth ? length : i32.const(depth) };
        multiplyBlock(f, target, plan, count, { ...at, from }, store);
      };
      f.while(
        () => i32.le_s(i32.add(row, tileHeight), rowEnd),
        () => {
          multiply(tileHeight);
          f.increase(row, tileHeight);
        },
      );
      if (rows % tileHeight > 0) f.if(i32.lt_s(row, rowEnd), () => multiply(rows % tileHeight));
      f.increase(table, 4 * slice);
    });
  });
}

/** Packs a block of the depth for the vectors [begin, end), and notes where their results go. */
function packBlock(
  f: FunctionBuilder,
  { shape, layout, vectors, panelBytes }: ProductPlan,
  at: Record<"places" | "panels" | "images" | "table" | "begin" | "end" | "depth", I32>,
): void {
  const to = f.local("i32", at.panels);
  const place = f.local("i32", at.places);
  f.range(at.begin, at.end, tileVectors, (vector) => {
    const panel = Array.from({ length: tileVectors }, (_, i) => {
      const index = f.bind(i32.add(vector, i));
      // A panel may end with a vector too many, of which nothing is kept.
      const known = patchVector(f, shape, f.least(index, vectors - 1));
      const count = i32.mul(i32.sub(outputPositions(shape), known.position), i32.lt_s(index, at.end));
      const bytes = f.bind(i32.mul(known.position, 4));
      const imageBytes = i32.mul(known.image, 4 * shape.outputChannels * outputPositions(shape));
      [count, bytes, i32.add(bytes, imageBytes)].forEach((value, word) => {
        f.emit(i32.store(place, value, placeBytes * i + 4 * word));
      });
      return known;
    });
    packPatches(f, shape, layout, { vectors: panel, images: at.images, table: at.table, to, depth: at.depth });
    f.increase(place, placeBytes * tileVectors);
    f.increase(to, panelBytes);
  });
  f.release(to, place);
}

/** Multiplies `count` rows of weights by all panels of a block; `sum` moves behind the sums of these tiles. */
function multiplyBlock(
  f: FunctionBuilder,
  { relaxed }: Target,
  { depth: whole, slice, panelBytes, tileBytes }: ProductPlan,
  count: number,
  at: Record<"places" | "panels" | "channel" | "begin" | "end" | "a" | "from" | "depth", I32> & {
    sum: ReturnType<FunctionBuilder["index"]>;
  },
  store: ResultStore,
): void {
  const tile = zeroTile(f, count, tileVectors);
  const each = (work: (value: (typeof tile)[0][0], r: number, v: number) => void): void => {
    for (const [r, values] of tile.entries()) for (const [v, value] of values.entries()) work(value, r, v);
  };
  const [place, panel] = [f.local("i32", at.places), f.local("i32", at.panels)];
  const [a, b] = [f.local("i32"), f.local("i32")];
  const sumOffset = (r: number, v: number): number => 16 * (r * tileVectors + v);
  f.range(at.begin, at.end, tileVectors, () => {
    f.set(a, at.a);
    f.set(b, panel);
    f.if(
      slice < whole ? at.from : i32.const(0),
      () => each((value, r, v) => f.set(value, v128.load(at.sum, sumOffset(r, v)))),
      () => each((value) => f.set(value, f32x4.const(0))),
    );
    accumulateTile(f, relaxed, tile, {
      rows: count,
      vectors: tileVectors,
      a,
      aRow: 4 * whole,
      aStep: 4,
      b,
      bStep: 16 * tileVectors,
      depth: at.depth,
    });
    f.if(
      slice < whole ? i32.ge_u(i32.add(at.from, at.depth), whole) : i32.const(1),
      () => {
        for (let v = 0; v < tileVectors; v++) {
          const [known, position, base] = [0, 4, 8].map((word) =>
            f.local("i32", i32.load(place, placeBytes * v + word)),
          );
          const storeRows = (results: Index): void => {
            for (let r = 0; r < count; r++)
              store(tile[r][v], { base, position, channel: at.channel, row: r, ahead: 0, count: results });
          };
          f.if(
            i32.ge_s(known, 4),
            () => storeRows(4),
            () => storeRows(known),
          );
          f.release(known, position, base);
        }
      },
      () => each((value, r, v) => f.emit(v128.store(at.sum, value, sumOffset(r, v)))),
    );
    f.increase(place, placeBytes * tileVectors);
    f.increase(panel, panelBytes);
    f.increase(at.sum, tileBytes);
  });
  f.release(place, panel, a, b, ...tile.flat());
}
