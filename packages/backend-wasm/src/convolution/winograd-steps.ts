/** The three transforms of minimal filtering as loops over memory: kernels and tiles to factors, sums to results. */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { shuffle32, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import { outputPositions } from "./geometry.ts";
import type { ResultStore } from "./results.ts";
import { factors, type WinogradPlan } from "./winograd-plan.ts";
import { type Transforms, tileProducts, tileResults } from "./winograd-transforms.ts";

/** Kernels of the output channels [begin, end) to [factor][output channel][input channel] at `to`, four input channels at a time. */
export function transformKernels(
  f: FunctionBuilder,
  transforms: Transforms,
  { shape: { inputChannels }, kernelPitch, kernelsApart }: WinogradPlan,
  { weights, to, begin, end }: { weights: I32; to: I32; begin: I32; end: Local<"i32"> },
): void {
  const elementBytes = 4 * 9;
  const [channel, from, target, row] = [f.local("i32"), f.local("i32"), f.local("i32"), f.local("i32", to)];
  f.range(begin, end, 1, (output) => {
    f.range(0, inputChannels, 4, (c) => {
      // The last four may overlap those before them; three are followed by one that is not used.
      f.set(channel, f.least(c, Math.max(0, inputChannels - 4)));
      f.set(from, i32.add(weights, i32.mul(i32.add(i32.mul(output, inputChannels), channel), elementBytes)));
      f.set(target, i32.add(row, i32.mul(channel, 4)));
      const four = (n: number): readonly V128[] =>
        transforms.transpose([0, 1, 2, 3].map((i) => v128.load(from, elementBytes * i + 4 * n)));
      const lane = (into: V128, i: number): V128 => v128.load32_lane(from, into, i, elementBytes * i + 32);
      const last = transforms.once([1, 2, 3].reduce(lane, v128.load32_zero(from, 32)));
      const list = [...four(0), ...four(4), last];
      const taps = [0, 3, 6].map((n) => list.slice(n, n + 3));
      const results = transforms.both(taps, (line) => transforms.kernel(line));
      for (const e of factors) f.emit(v128.store(target, results[e], e * kernelsApart));
      transforms.release();
    });
    f.increase(row, 4 * kernelPitch);
  });
  f.release(channel, from, target, row);
}

/** Up to four tiles of one row of tiles. */
interface Group {
  readonly image: I32;
  readonly row: I32;
  readonly column: I32;
  readonly count: I32;
  /** Bytes from the block's first tile. */
  readonly place: I32;
}

/** Calls `body` for the groups of the tiles [begin, end). */
function eachGroup(
  f: FunctionBuilder,
  { down, across }: WinogradPlan,
  begin: I32,
  end: I32,
  body: (group: Group) => void,
): void {
  const tile = f.local("i32", begin);
  const [image, row, column, count, place] = Array.from({ length: 5 }, () => f.local("i32"));
  f.loop((again) => {
    f.set(row, i32.div_u(tile, across));
    f.set(column, i32.sub(tile, i32.mul(row, across)));
    f.set(image, i32.div_u(row, down));
    f.set(row, i32.sub(row, i32.mul(image, down)));
    f.set(count, f.least(f.least(i32.sub(end, tile), i32.sub(across, column)), 4));
    f.set(place, i32.mul(i32.sub(tile, begin), 4));
    body({ image, row, column, count, place });
    f.increase(tile, count);
    again(i32.lt_s(tile, end));
  });
  f.release(tile, image, row, column, count, place);
}

/** Tiles [begin, end) of the input channels [channel, channelEnd) to [factor][input channel][tile] at `to`. */
export function transformTiles(
  f: FunctionBuilder,
  transforms: Transforms,
  plan: WinogradPlan,
  {
    images,
    to,
    begin,
    end,
    channel,
    channelEnd,
  }: Record<"images" | "to" | "begin" | "end" | "channel" | "channelEnd", I32>,
): void {
  const { rowLength, planeLength } = plan.layout;
  const { inputChannels } = plan.shape;
  const from = f.local("i32");
  const target = f.local("i32");
  eachGroup(f, plan, begin, end, ({ image, row, column, place }) => {
    const plane = i32.add(i32.mul(image, inputChannels), channel);
    const position = i32.mul(i32.add(i32.mul(row, rowLength), column), 4 * tileResults);
    f.set(from, i32.add(i32.add(images, position), i32.mul(plane, 4 * planeLength)));
    f.set(target, i32.add(i32.add(to, place), i32.mul(channel, 4 * plan.tilePitch)));
    f.range(channel, channelEnd, 1, () => {
      const elements = Array.from({ length: tileProducts }, (_, y) => {
        const vector = (x: number): V128 => v128.load(from, 4 * (y * rowLength + 4 * x));
        const columns = transforms.transpose([0, 1, 2, 3].map(vector));
        const next = transforms.once(vector(4));
        const ahead = [shuffle32(columns[0], next, [1, 2, 3, 4]), shuffle32(columns[1], next, [1, 2, 3, 5])];
        return [...columns, ...ahead.map((value) => transforms.once(value))];
      });
      const results = transforms.both(elements, (line) => transforms.input(line));
      for (const e of factors) f.emit(v128.store(target, results[e], e * plan.tilesApart));
      transforms.release();
      f.increase(from, 4 * planeLength);
      f.increase(target, 4 * plan.tilePitch);
    });
  });
  f.release(from, target);
}

/** Sums [factor][output channel][tile] of `rows` output channels from `row` on, of the tiles [begin, end), to results. */
export function transformSums(
  f: FunctionBuilder,
  transforms: Transforms,
  { shape, block, sumsApart, ...plan }: WinogradPlan,
  { sums, begin, end, row, rows }: { sums: I32; begin: I32; end: I32; row: I32; rows: Local<"i32"> },
  store: ResultStore,
): void {
  const [height, width] = [shape.vertical.output, shape.horizontal.output];
  const [from, channel, base, position, left, below] = Array.from({ length: 6 }, () => f.local("i32"));
  eachGroup(f, { shape, block, sumsApart, ...plan }, begin, end, (group) => {
    f.set(below, i32.sub(height, i32.mul(group.row, tileResults)));
    const inside = i32.sub(width, i32.mul(group.column, tileResults));
    f.set(left, f.least(i32.mul(group.count, tileResults), inside));
    f.set(position, i32.mul(i32.add(i32.mul(group.row, width), group.column), 4 * tileResults));
    f.set(base, i32.add(position, i32.mul(group.image, 4 * shape.outputChannels * outputPositions(shape))));
    f.set(from, i32.add(sums, group.place));
    f.set(channel, row);
    f.range(0, rows, 1, () => {
      const products = Array.from({ length: tileProducts }, (_, y) =>
        Array.from({ length: tileProducts }, (_, x) => v128.load(from, (y * tileProducts + x) * sumsApart)),
      );
      const results = transforms.both(products, (line) => transforms.output(line));
      for (let y = 0; y < tileResults; y++)
        f.if(height % tileResults > 0 ? i32.gt_s(below, y) : i32.const(1), () => {
          const lines = transforms.transpose(results.slice(y * tileResults, (y + 1) * tileResults));
          lines.forEach((value, t) => {
            const count = i32.sub(left, t * tileResults);
            store(value, { base, position, channel, row: 0, ahead: y * width + t * tileResults, count });
          });
        });
      transforms.release();
      f.increase(from, 4 * block);
      f.increase(channel, 1);
    });
  });
  f.release(from, channel, base, position, left, below);
}
