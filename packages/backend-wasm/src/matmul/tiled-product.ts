/**
 * The matrix product by tiles. A unit walks the depth block by block; of each it packs its part of the operands, unless
 * they can be read in place, and then goes through the row panels and for each through the column panels: a row panel
 * stays in the first level of the cache and results are written in the order of memory. What several units need is
 * packed by each of them, which costs a little work but no barrier, and leaves it in the cache that needs it.
 */
import { type I32, i32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { Frame, Phase } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";
import { roundUp } from "../kernels/round-up.ts";
import { batchSize, bindEpilogue, operandAddresses, type ProductDescription, resultOffset } from "./description.ts";
import { type Operand, packOperand } from "./pack-operand.ts";
import { tileFunction } from "./tile-function.ts";
import type { TiledPlan } from "./tiled-plan.ts";
import { columnPanels, type Panel, rowPanels } from "./unit-panels.ts";

/** Which part of the work a unit is. */
interface Unit {
  readonly product: I32;
  readonly piece: I32;
  readonly rowBlock: I32;
  readonly columnBlock: I32;
}

/** Bytes of scratch memory for a packed panel of a and of b, and for all that a thread packs. */
export function packingBytes({ rows, vectors, depthBlock, unitRows, unitColumns, packA, packB }: TiledPlan): {
  readonly aPanel: number;
  readonly bPanel: number;
  readonly all: number;
} {
  const panel = (lines: number): number => roundUp(4 * lines * depthBlock, 64);
  const [aPanel, bPanel] = [packA ? panel(rows.size) : 0, packB ? panel(4 * vectors) : 0];
  return { aPanel, bPanel, all: unitRows * aPanel + unitColumns * bPanel };
}

/** The phase that computes the results, or, in pieces of the depth, one set of them per piece at `partials` of the scratch memory. */
export function tiledPhase(
  description: ProductDescription,
  plan: TiledPlan,
  partials: number,
  epilogue?: Epilogue,
): Phase {
  const { pieces, rows, unitRows, unitColumns } = plan;
  const blocks = [Math.ceil(rows.count / unitRows), Math.ceil(plan.columnPanels / unitColumns)];
  const extents = [batchSize(description), pieces, ...blocks];
  return {
    units: extents.reduce((a, b) => a * b),
    grain: 1,
    emit: (frame) => {
      const { f, first, last } = frame;
      f.range(first, last, 1, (unit) => {
        const [product, piece, rowBlock, columnBlock] = positions(f, unit, extents);
        const results = pieces === 1 ? frame.output(0) : i32.add(frame.scratch(), partials);
        const target = f.bind(i32.add(results, i32.mul(piece, 4 * extents[0] * description.m * description.n)));
        const block = { product, piece, rowBlock, columnBlock };
        emitUnit(frame, description, plan, target, block, pieces === 1 ? epilogue : undefined);
      });
    },
  };
}

function emitUnit(
  frame: Frame,
  description: ProductDescription,
  plan: TiledPlan,
  target: I32,
  { product, piece, rowBlock, columnBlock }: Unit,
  epilogue?: Epilogue,
): void {
  const { module, f } = frame;
  const { m, n, k, transposeA, transposeB } = description;
  const { depthBlock, pieceDepth, pieces, packA, packB, unitRows } = plan;
  const bytes = packingBytes(plan);
  const packedA = f.bind(i32.add(frame.scratch(), i32.mul(frame.thread, bytes.all)));
  const packedB = f.bind(i32.add(packedA, unitRows * bytes.aPanel));
  const [a, b] = operandAddresses(frame, description, product);
  const left: Operand = {
    ...(transposeA ? { lineStride: 4, depthStride: 4 * m } : { lineStride: 4 * k, depthStride: 4 }),
    width: (lines) => lines,
    packed: ({ place }) => i32.add(packedA, i32.mul(place, bytes.aPanel)),
  };
  const right: Operand = {
    ...(transposeB ? { lineStride: 4 * k, depthStride: 4 } : { lineStride: 4, depthStride: 4 * n }),
    width: (lines) => roundUp(lines, 4),
    packed: ({ place }) => i32.add(packedB, i32.mul(place, bytes.bPanel)),
  };
  const eachRowPanel = rowPanels(f, plan, rowBlock);
  const eachColumnPanel = columnPanels(f, plan, n, columnBlock);

  const emitBlock = (from: I32, depth: I32, continues: I32, finishes: I32): void => {
    const [aFrom, bFrom] = [
      f.bind(i32.add(a, i32.mul(from, left.depthStride))),
      f.bind(i32.add(b, i32.mul(from, right.depthStride))),
    ];
    if (packB) packOperand(frame, right, bFrom, depth, depthBlock, eachColumnPanel);
    if (packA) packOperand(frame, left, aFrom, depth, depthBlock, eachRowPanel);
    const emitTile = (rows: Panel, rowsOfA: I32, columns: Panel): void => {
      const shape = {
        rows: rows.lines,
        columns: columns.lines,
        aRow: packA ? 4 : left.lineStride,
        aStep: packA ? 4 * rows.lines : left.depthStride,
        bStep: packB ? 4 * right.width(columns.lines) : right.depthStride,
      };
      const bound = epilogue && bindEpilogue(frame, description, epilogue, product, rows.line, columns.line);
      f.callVoid(
        tileFunction(module, shape, epilogue),
        rowsOfA,
        packB ? right.packed(columns) : i32.add(bFrom, i32.mul(columns.line, 4)),
        i32.add(target, resultOffset(description, product, rows.line, columns.line)),
        4 * n,
        depth,
        continues,
        ...(bound ? [finishes, ...bound.operands] : []),
      );
    };
    eachRowPanel((rows) => {
      const rowsOfA = f.bind(packA ? left.packed(rows) : i32.add(aFrom, i32.mul(rows.line, left.lineStride)));
      eachColumnPanel((columns) => emitTile(rows, rowsOfA, columns));
    });
  };

  if (depthBlock >= k) {
    emitBlock(i32.const(0), i32.const(k), i32.const(0), i32.const(1));
    return;
  }
  const start = f.bind(i32.mul(piece, pieceDepth));
  const end = pieces === 1 ? i32.const(k) : f.least(i32.add(start, pieceDepth), k);
  f.range(start, end, depthBlock, (from) => {
    const rest = f.bind(i32.sub(end, from));
    const depth = f.least(rest, depthBlock);
    emitBlock(from, depth, i32.gt_s(from, start), i32.le_s(rest, depthBlock));
  });
}
