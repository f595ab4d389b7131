/** Rows of input planes in the right lanes, sampled at the stride and shifted by kernel columns, with zeros for padding. */
import { insideRange, type Range } from "./arithmetic.ts";
import { type FloatArray, panels } from "./panels.ts";

/** `count` input rows, `step` apart; those in `inside` are not in the padding. */
export interface InputRows {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly inside: Range;
  readonly width: number;
}

export function rowsOf(
  input: { readonly inputHeight: number; readonly inputWidth: number },
  first: number,
  step: number,
  count: number,
): InputRows {
  return { first, step, count, inside: insideRange(first, step, count, input.inputHeight), width: input.inputWidth };
}

/** Packs `count` pixels of each row, `stride` apart: a lane reads the plane that starts at its `plane`, from its `column` on. */
export function packInputRows(
  input: FloatArray,
  planes: readonly number[],
  columns: readonly number[],
  stride: number,
  count: number,
  rows: InputRows,
  to: number,
): void {
  const { inside, step, width } = rows;
  const [lane0, lane1, lane2] = panels.right;
  const column0 = columns[0];
  const column1 = columns[1];
  const column2 = columns[2];
  // The pixels that every lane sees.
  const begin = Math.min(count, Math.max(0, Math.ceil(-Math.min(column0, column1, column2) / stride)));
  const past = Math.max(column0, column1, column2) + (count - 1) * stride - (width - 1);
  const end = Math.max(begin, past > 0 ? count - Math.ceil(past / stride) : count);
  const insideStart = to + inside.begin * count;
  const insideEnd = to + inside.end * count;
  const rowsEnd = to + rows.count * count;
  for (const lane of panels.right) {
    if (inside.begin > 0) lane.fill(0, to, insideStart);
    if (insideEnd < rowsEnd) lane.fill(0, insideEnd, rowsEnd);
  }
  const skip = begin * stride;
  let offset = (rows.first + inside.begin * step) * width;
  for (let start = insideStart; start < insideEnd; start += count, offset += step * width) {
    const from0 = planes[0] + offset;
    const from1 = planes[1] + offset;
    const from2 = planes[2] + offset;
    const seen0 = from0 + column0 + skip;
    const seen1 = from1 + column1 + skip;
    const seen2 = from2 + column2 + skip;
    panels.packRight(input, seen0, seen1, seen2, stride, start + begin, 1, end - begin);
    for (let pixel = begin > 0 ? 0 : end; pixel < count; pixel++) {
      const shift = pixel * stride;
      lane0[start + pixel] = pixelAt(input, from0, column0 + shift, width);
      lane1[start + pixel] = pixelAt(input, from1, column1 + shift, width);
      lane2[start + pixel] = pixelAt(input, from2, column2 + shift, width);
      if (pixel === begin - 1) pixel = end - 1;
    }
  }
}

function pixelAt(input: FloatArray, rowStart: number, column: number, width: number): number {
  return column < 0 || column >= width ? 0 : input[rowStart + column];
}
