/** The second phase of a product whose depth was cut into pieces: adds up their results and applies the epilogue. */
import { f32x4, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { Frame, Phase } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";
import { finishTile, storeTile } from "../kernels/store-tile.ts";
import { batchSize, bindEpilogue, type ProductDescription, resultOffset } from "./description.ts";

/** A unit is a row of results; `partials` is where the pieces' results start in the scratch memory. */
export function combinePhase(
  description: ProductDescription,
  pieces: number,
  partials: number,
  epilogue?: Epilogue,
): Phase {
  const { m, n } = description;
  const extents = [batchSize(description), m];
  return {
    units: extents[0] * m,
    grain: Math.ceil(4096 / (n * pieces)),
    emit: (frame) => {
      const { f, first, last } = frame;
      f.range(first, last, 1, (unit) => {
        const [product, row] = positions(f, unit, extents);
        const combine = (column: I32, columns: number): void =>
          combineVector(frame, description, pieces, partials, epilogue, { product, row, column, columns });
        f.range(0, n - (n % 4), 4, (column) => combine(column, 4));
        if (n % 4 > 0) combine(i32.const(n - (n % 4)), n % 4);
      });
    },
  };
}

interface VectorPlace {
  readonly product: I32;
  readonly row: I32;
  readonly column: I32;
  readonly columns: number;
}

function combineVector(
  frame: Frame,
  description: ProductDescription,
  pieces: number,
  partials: number,
  epilogue: Epilogue | undefined,
  { product, row, column, columns }: VectorPlace,
): void {
  const { module, f } = frame;
  const offset = f.bind(resultOffset(description, product, row, column));
  const part = f.index(i32.add(i32.add(frame.scratch(), partials), offset));
  const sum = f.local("v128", v128.load(part));
  f.range(1, pieces, 1, () => {
    f.increase(part, 4 * batchSize(description) * description.m * description.n);
    f.set(sum, f32x4.add(sum, v128.load(part)));
  });
  const place = { pointer: f.bind(i32.add(frame.output(0), offset)), rowStride: 0, columns };
  storeTile(f, [[sum]], place);
  if (epilogue) finishTile(module, f, 1, place, bindEpilogue(frame, description, epilogue, product, row, column));
  f.release(part, sum);
}
