/**
 * Patches as the right operand of a matrix product. A row is one tap of one input channel, numbered as the weights are
 * (channel, kernel row, kernel column); a column is one output position. Columns come in vectors of four positions of one
 * image (the last of an image may have fewer), two vectors side by side make a panel [depth][8].
 *
 * Where the images lie as `images.ts` has them, an element's address is that of its position plus that of its tap; the
 * latter are kept in a table of byte offsets.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { v128 } from "../assembler/simd.ts";
import { type I32, type Index, i32 } from "../assembler/values.ts";
import type { Phase } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { type ConvolutionShape, kernelTaps, outputPositions } from "./geometry.ts";
import type { ImageLayout } from "./images.ts";

/** Taps are packed this many at a time; the table has as many entries to spare. */
const unroll = 4;

/** Rows of the patch matrix of one group. */
export function patchDepth(shape: ConvolutionShape): number {
  return (shape.inputChannels / shape.groups) * kernelTaps(shape);
}

/** Bytes of the table of offsets. */
export function offsetTableBytes(shape: ConvolutionShape): number {
  return roundUp(4 * (patchDepth(shape) + unroll), 64);
}

/** The phase that writes the table at `at` of the scratch memory. */
export function offsetTablePhase(shape: ConvolutionShape, layout: ImageLayout, at: number): Phase {
  const { vertical, horizontal } = shape;
  const channels = shape.inputChannels / shape.groups;
  const step = 4 * kernelTaps(shape);
  return {
    units: 1,
    grain: 1,
    emit: ({ f, scratch }) => {
      const start = f.bind(i32.add(scratch(), at));
      const entry = f.local("i32");
      const offset = f.local("i32");
      for (let row = 0; row < vertical.kernel; row++)
        for (let column = 0; column < horizontal.kernel; column++) {
          f.set(entry, i32.add(start, 4 * (row * horizontal.kernel + column)));
          f.set(offset, i32.const(4 * layout.tapOffset(row, column)));
          f.range(0, channels, 1, () => {
            f.emit(i32.store(entry, offset));
            f.increase(entry, step);
            f.increase(offset, 4 * layout.planeLength);
          });
        }
      for (let spare = 0; spare < unroll; spare++) f.emit(i32.store(start, 0, 4 * (patchDepth(shape) + spare)));
    },
  };
}

/** Vectors of positions per image. */
export function vectorsPerImage(shape: ConvolutionShape): number {
  return Math.ceil(outputPositions(shape) / 4);
}

/** Vector `vector` of the whole batch, as locals. */
export interface PatchVector {
  readonly image: I32;
  /** The first of its four positions. */
  readonly position: I32;
}

export function patchVector(f: FunctionBuilder, shape: ConvolutionShape, vector: I32): PatchVector {
  const image = f.bind(i32.div_u(vector, vectorsPerImage(shape)));
  const position = f.bind(i32.mul(i32.sub(vector, i32.mul(image, vectorsPerImage(shape))), 4));
  return { image, position };
}

/**
 * Packs rows of one panel: `to` receives [depth rounded up to 4][8] float32. `table` points at the entry of the first row,
 * `images` at the first plane of the group in the first image.
 */
export function packPatches(
  f: FunctionBuilder,
  shape: ConvolutionShape,
  layout: ImageLayout,
  {
    vectors,
    images,
    table,
    to,
    depth,
  }: { vectors: readonly PatchVector[]; images: I32; table: I32; to: I32; depth: Index },
): void {
  const width = shape.horizontal.output;
  const gapless = layout.rowLength === width;
  const at = (image: I32, position: I32): I32 => {
    const row = f.bind(i32.div_u(position, width));
    const inPlane = gapless ? position : i32.add(position, i32.mul(row, layout.rowLength - width));
    return f.bind(
      i32.add(images, i32.add(i32.mul(image, 4 * shape.inputChannels * layout.planeLength), i32.mul(inPlane, 4))),
    );
  };
  const starts = vectors.map(({ image, position }) => at(image, position));
  const entry = f.local("i32");
  const target = f.local("i32");
  const rows = (load: (vector: number, offset: I32) => ReturnType<typeof v128.load>): void => {
    const offset = f.local("i32");
    f.set(entry, table);
    f.set(target, to);
    f.range(0, depth, unroll, () => {
      for (let k = 0; k < unroll; k++) {
        f.set(offset, i32.load(entry, 4 * k));
        for (const v of vectors.keys()) f.emit(v128.store(target, load(v, offset), 16 * (k * vectors.length + v)));
      }
      f.increase(entry, 4 * unroll);
      f.increase(target, 16 * unroll * vectors.length);
    });
    f.release(offset);
  };
  const whole = (): void => rows((v, offset) => v128.load(i32.add(starts[v], offset)));
  if (gapless) {
    whole();
    return;
  }
  const inOneRow = vectors
    .map(({ position }) => i32.le_u(i32.rem_u(position, width), width - 4))
    .reduce((both, one) => i32.and(both, one));
  f.if(width < 4 ? i32.const(0) : inOneRow, whole, () => {
    const lanes = vectors.map(({ image, position }) =>
      [0, 1, 2, 3].map((lane) => {
        return at(image, f.least(i32.add(position, lane), outputPositions(shape) - 1));
      }),
    );
    rows((v, offset) =>
      lanes[v].reduce(
        (value, start, lane) => v128.load32_lane(i32.add(start, offset), value, lane),
        v128.load32_zero(i32.add(lanes[v][0], offset)),
      ),
    );
  });
}
