/** The right operand of a correlation: pixels, packed for the taps that meet them. */
import { insideRange, type Range, sizeOfRange } from "./arithmetic.ts";
import { type Pixels, rowSizeOf, type Steps, type Taps } from "./correlation-blocks.ts";
import type { Correlation } from "./correlation-shape.ts";
import { type FloatArray, panels } from "./panels.ts";

/** Shorter runs are packed along another axis. */
const SHORT_RUN = 8;
/** Channels packed of one unit before the next one's turn: the cache lines that they have in common wait for it. */
export const CHANNEL_RUN = 64;

/**
 * Fills the right lanes: within a unit by input row, then kernel column, then channel. Rows in the padding are left
 * out; the result is the range of the others.
 */
export function packInput(
  input: FloatArray,
  shape: Correlation,
  group: number,
  pixels: Pixels,
  taps: Taps,
  steps: Steps,
): Range {
  const { outputWidth, input: from } = shape;
  const channels = sizeOfRange(taps.channels);
  const rowSize = rowSizeOf(taps);
  const rowStep = steps.inputRow * from.row;
  const firstRow = pixels.firstRow * shape.stride[0] - shape.top + taps.rows.begin * steps.inputRow;
  const count = (pixels.rows - 1) * steps.strip + sizeOfRange(taps.rows);
  const inside = insideRange(firstRow, steps.inputRow, count, shape.inputHeight);
  const rows = sizeOfRange(inside);
  const start =
    from.start +
    group * from.group +
    taps.channels.begin * from.channel +
    (firstRow + inside.begin * steps.inputRow) * from.row;
  const unit: Unit = { starts: [0, 0, 0], columns: [0, 0, 0], rows, rowStep };
  for (let part = 0; part < channels; part += CHANNEL_RUN) {
    const run = Math.min(CHANNEL_RUN, channels - part);
    let to = inside.begin * rowSize + part;
    for (let first = pixels.columns.begin; first < pixels.columns.end; first += 3, to += steps.unit) {
      for (let lane = 0; lane < 3; lane++) {
        // The last column is repeated to fill its unit; results go unread.
        const column = Math.min(first + lane, pixels.columns.end - 1);
        unit.starts[lane] = start + Math.floor(column / outputWidth) * from.image + part * from.channel;
        unit.columns[lane] = (column % outputWidth) * shape.stride[1] - shape.left;
      }
      packUnit(input, shape, unit, taps, run, to);
    }
  }
  return inside;
}

/** For each lane of a unit, where its image starts and the column that its first tap meets; and how many rows there are. */
interface Unit {
  readonly starts: [number, number, number];
  readonly columns: [number, number, number];
  readonly rows: number;
  /** Distance between rows in the input. */
  readonly rowStep: number;
}

function packUnit(input: FloatArray, shape: Correlation, unit: Unit, taps: Taps, run: number, to: number): void {
  const { columns, rows, rowStep } = unit;
  const { channel: channelStride, column: columnStride } = shape.input;
  const dilation = shape.dilation[1];
  const channels = sizeOfRange(taps.channels);
  const rowSize = rowSizeOf(taps);
  // Taps that no lane finds in the padding can be packed in one run, which pays where there are few channels.
  let begin = Math.max(taps.columns.begin, Math.ceil(-Math.min(columns[0], columns[1], columns[2]) / dilation));
  let end = Math.min(
    taps.columns.end,
    Math.ceil((shape.inputWidth - Math.max(columns[0], columns[1], columns[2])) / dilation),
  );
  if (run >= SHORT_RUN || end - begin < SHORT_RUN) begin = end = taps.columns.end;
  for (let tap = taps.columns.begin; tap < begin; tap++, to += channels)
    packTap(input, shape, unit, tap, run, rowSize, to);
  if (begin < end) {
    const from0 = unit.starts[0] + (columns[0] + begin * dilation) * columnStride;
    const from1 = unit.starts[1] + (columns[1] + begin * dilation) * columnStride;
    const from2 = unit.starts[2] + (columns[2] + begin * dilation) * columnStride;
    const step = dilation * columnStride;
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < run; channel++) {
        const at = row * rowStep + channel * channelStride;
        const target = to + row * rowSize + channel;
        panels.packRight(input, from0 + at, from1 + at, from2 + at, step, target, channels, end - begin);
      }
    }
    to += (end - begin) * channels;
  }
  for (let tap = end; tap < taps.columns.end; tap++, to += channels) packTap(input, shape, unit, tap, run, rowSize, to);
}

/** Packs what one kernel column meets. */
function packTap(
  input: FloatArray,
  shape: Correlation,
  { starts, columns, rows, rowStep }: Unit,
  tap: number,
  run: number,
  rowSize: number,
  to: number,
): void {
  const { inputWidth, input: from } = shape;
  const shift = tap * shape.dilation[1];
  const column0 = columns[0] + shift;
  const column1 = columns[1] + shift;
  const column2 = columns[2] + shift;
  // Columns in the padding are read from the nearest pixel, and zeroed afterwards.
  const from0 = starts[0] + clamp(column0, inputWidth) * from.column;
  const from1 = starts[1] + clamp(column1, inputWidth) * from.column;
  const from2 = starts[2] + clamp(column2, inputWidth) * from.column;
  if (run >= SHORT_RUN) {
    for (let row = 0, at = 0; row < rows; row++, at += rowStep) {
      panels.packRight(input, from0 + at, from1 + at, from2 + at, from.channel, to + row * rowSize, 1, run);
    }
  } else {
    for (let channel = 0, at = 0; channel < run; channel++, at += from.channel) {
      panels.packRight(input, from0 + at, from1 + at, from2 + at, rowStep, to + channel, rowSize, rows);
    }
  }
  if (column0 < 0 || column0 >= inputWidth) clear(panels.right[0], to, rows, rowSize, run);
  if (column1 < 0 || column1 >= inputWidth) clear(panels.right[1], to, rows, rowSize, run);
  if (column2 < 0 || column2 >= inputWidth) clear(panels.right[2], to, rows, rowSize, run);
}

function clamp(column: number, width: number): number {
  return Math.max(0, Math.min(column, width - 1));
}

function clear(lane: Float64Array, start: number, rows: number, rowSize: number, channels: number): void {
  for (let row = 0; row < rows; row++, start += rowSize) {
    for (let to = start; to < start + channels; to++) lane[to] = 0;
  }
}
