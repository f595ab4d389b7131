/**
 * Adding at positions along one axis: the result is set to 0, and then every update is added where its index says, in
 * the order of the updates.
 *
 * No two units may add to one element, so a unit takes a block of columns of one outer slice and goes through all its
 * updates there. Sharing the rows of the result as well does not pay: whether an update is one's own cannot be predicted.
 */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { f32x4, v128 } from "../assembler/simd.ts";
import { asI32, f32, fillBytes, type I32, i32 } from "../assembler/values.ts";
import type { Frame, KernelCode, Target } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";

/** Updates are [outer, count, inner], the result is [outer, extent, inner]. */
export interface ScatterShape {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
  readonly extent: number;
  /** Whether every update has an index of its own, or each of the `count` slices one. */
  readonly each: boolean;
}

/** Columns of a unit: few enough that a row of them stays in the nearest cache; fewer if threads would be left idle. */
const [wideBlock, narrowBlock] = [64, 16];
/** Updates that a thread takes at a time, at least. */
const grainUpdates = 8192;
/** Bytes set to 0 at a time. */
const fillUnit = 65536;

/** A kernel of (updates, int32 indices) to sums. */
export function scatterAddCode(name: string, shape: ScatterShape, { threads }: Target): KernelCode {
  const { outer, count, inner, extent } = shape;
  const bytes = 4 * outer * extent * inner;
  const block = outer * Math.ceil(inner / wideBlock) >= threads ? wideBlock : narrowBlock;
  const blocks = Math.ceil(inner / block);
  const grain = Math.ceil(grainUpdates / (1 + count * Math.min(inner, block)));
  return {
    name,
    inputs: 2,
    outputs: 1,
    scratchBytes: 0,
    phases: [
      { units: Math.ceil(bytes / fillUnit), grain: 1, emit: (frame) => emitFill(frame, bytes) },
      { units: outer * blocks, grain, emit: (frame) => emitAdd(frame, shape, block) },
    ],
  };
}

function emitFill({ f, first, last, output }: Frame, bytes: number): void {
  const begin = f.index(i32.mul(first, fillUnit));
  const end = f.index(i32.mul(last, fillUnit));
  f.if(i32.gt_u(end, bytes), () => f.set(end, asI32(bytes)));
  f.emit(fillBytes(i32.add(output(0), begin), 0, i32.sub(end, begin)));
}

function emitAdd(frame: Frame, { outer, count, inner, extent, each }: ScatterShape, block: number): void {
  const { f } = frame;
  const [updates, indices, output] = [frame.input(0), frame.input(1), frame.output(0)].map((value) => f.index(value));
  const blocks = Math.ceil(inner / block);
  f.range(frame.first, frame.last, 1, (unit) => {
    const [slice, columnBlock] = positions(f, unit, [outer, blocks]);
    const column = f.bind(i32.mul(columnBlock, block));
    const columns = blocks === 1 ? asI32(inner) : f.least(i32.sub(inner, column), block);
    const from = f.index(i32.shl(i32.add(i32.mul(slice, count * inner), column), 2));
    const position = f.index(each ? i32.add(indices, from) : indices);
    f.set(from, i32.add(updates, from));
    const to = f.bind(i32.add(output, i32.shl(i32.add(i32.mul(slice, extent * inner), column), 2)));
    const at = f.index(0);
    const ifInside = (pointer: I32, body: () => void): void => {
      f.set(at, i32.load(pointer));
      f.if(i32.lt_u(at, extent), () => {
        f.set(at, i32.add(to, i32.mul(at, 4 * inner)));
        body();
      });
    };
    f.range(0, count, 1, () => {
      if (each) {
        f.range(0, columns, 1, (i) => {
          const offset = f.bind(i32.shl(i, 2));
          ifInside(i32.add(position, offset), () => addElement(f, i32.add(at, offset), i32.add(from, offset)));
        });
      } else ifInside(position, () => addRow(f, at, from, columns, inner % 4 !== 0));
      f.increase(position, each ? 4 * inner : 4);
      f.increase(from, 4 * inner);
    });
  });
}

function addElement(f: FunctionBuilder, to: I32, from: I32): void {
  const target = f.bind(to);
  f.emit(f32.store(target, f32.add(f32.load(target), f32.load(from))));
}

/** Adds `columns` neighbours; `at` moves. */
function addRow(f: FunctionBuilder, at: Local<"i32">, from: I32, columns: I32, hasRest: boolean): void {
  const source = f.index(from);
  const end = f.bind(i32.add(at, i32.shl(columns, 2)));
  const wholeEnd = hasRest ? f.bind(i32.sub(end, 12)) : end;
  f.while(
    () => i32.lt_u(at, wholeEnd),
    () => {
      f.emit(v128.store(at, f32x4.add(v128.load(at), v128.load(source))));
      f.increase(at, 16);
      f.increase(source, 16);
    },
  );
  if (!hasRest) return;
  f.while(
    () => i32.lt_u(at, end),
    () => {
      addElement(f, at, source);
      f.increase(at, 4);
      f.increase(source, 4);
    },
  );
}
