/**
 * Packing: some lines of a matrix (rows of the left operand of a product, columns of the right one) copied to a panel
 * [depth][width], the order in which a tile reads them. Lines that lie side by side are copied by vectors; lines that
 * run along the depth are turned by 4 x 4 transpositions; any other by single elements.
 */
import type { FunctionBuilder, FunctionReference } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { v128 } from "../assembler/simd.ts";
import { asI32, f32, type Index, i32 } from "../assembler/values.ts";
import { storeLanes } from "./store-tile.ts";
import { transposed } from "./vectors.ts";

/** What is known about a panel now; strides in bytes. */
export interface PanelShape {
  /** Lines side by side in the panel. */
  readonly width: number;
  /** Lines that the matrix has, at least 1; the rest of the panel holds arbitrary readable values. */
  readonly lines: number;
  /** From one line of the matrix to the next. */
  readonly lineStride: number;
  /** From one step of the depth to the next. */
  readonly depthStride: number;
}

/** Packs `depth` steps of the lines that start at the address `source` to the address `target`. */
function packPanel(
  f: FunctionBuilder,
  { width, lines, lineStride, depthStride }: PanelShape,
  source: Index,
  target: Index,
  depth: Index,
): void {
  const from = f.index(source);
  const to = f.index(target);
  const line = (l: number): number => Math.min(l, lines - 1) * lineStride;
  const copySteps = (steps: number): void => {
    for (let k = 0; k < steps; k++) {
      const [read, write] = [k * depthStride, 4 * k * width];
      if (lineStride === 4) {
        for (let l = 0; l < width; l += 4) storeLanes(f, to, v128.load(from, read + 4 * l), width - l, write + 4 * l);
      } else for (let l = 0; l < width; l++) f.emit(f32.store(to, f32.load(from, read + line(l)), write + 4 * l));
    }
  };
  const turnSteps = (): void => {
    for (let l = 0; l < width; l += 4) {
      const vectors = transposed(
        f,
        [0, 1, 2, 3].map((i) => v128.load(from, line(l + i))),
      );
      vectors.forEach((vector, k) => {
        storeLanes(f, to, vector, width - l, 4 * (k * width + l));
      });
      f.release(...vectors);
    }
  };
  const advance = (steps: number): void => {
    f.increase(from, steps * depthStride);
    f.increase(to, 4 * steps * width);
  };
  const steps = f.bind(asI32(depth));
  f.range(0, f.bind(i32.and(steps, -4)), 4, () => {
    if (lineStride !== 4 && depthStride === 4) turnSteps();
    else copySteps(4);
    advance(4);
  });
  f.range(0, f.bind(i32.and(steps, 3)), 1, () => {
    copySteps(1);
    advance(1);
  });
  f.release(from, to);
}

/** The function (source, target, depth) that packs panels of one shape. */
export function packFunction(module: ModuleBuilder, shape: PanelShape): FunctionReference<undefined> {
  const { width, lines, lineStride, depthStride } = shape;
  return module.once(`pack ${width} ${lines} ${lineStride} ${depthStride}`, () =>
    module.function(["i32", "i32", "i32"], undefined, (f) =>
      packPanel(f, shape, f.parameter(0, "i32"), f.parameter(1, "i32"), f.parameter(2, "i32")),
    ),
  );
}
