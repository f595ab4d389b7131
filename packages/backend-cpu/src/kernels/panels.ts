/**
 * The inner loop of every matrix product and convolution: a 2 by 3 block of the output kept in registers.
 *
 * What V8 makes of a loop over typed arrays decides the shape of this file:
 *
 * - *Lanes.* Each row of the left strip and each column of the right strip has an array of its own ("lane"),
 *   so that all five loads of a step share two indices, and with them two bounds checks and no address arithmetic.
 *   Left strips follow each other in their lanes; right strips may lie anywhere in theirs, and may overlap.
 * - *Constants.* The lanes are variables that a closure never assigns, and the closure is created once, so the
 *   compiler knows their addresses and lengths. Two things would lose this: module scope, because bundlers turn
 *   `const` into `var` there, and reading the variables inside the loops instead of on the function's first line.
 * - *Size.* Inlined into a caller, which has variables of its own, a loop like these spills its sums to the stack. `multiply`
 *   is too large for V8 to inline (it is above 460 bytes of bytecode); the other loops want callers that do little else.
 * - *2 by 3.* V8 schedules all products of a step before all sums, so a block needs twice its size in registers;
 *   six sums are the most that fit in x64's fifteen, and enough to hide the latency of an addition.
 *
 * Together they keep both multipliers and both adders of the machine busy, which is all that scalar code can do.
 * Everything is summed in double precision, in an order that depends on the shapes alone.
 */

/** Float data as the kernels take it; reads are widened to double, writes round to the array's own type. */
export type FloatArray = Float32Array | Float64Array;

/** Doubles in each left lane: strips times depth may not exceed it. */
export const LEFT_CAPACITY = 32768;
/** Doubles in each right lane. */
export const RIGHT_CAPACITY = 32768;

/** The packed operands of the product in progress. */
export interface Panels {
  readonly left: readonly [Float64Array, Float64Array];
  readonly right: readonly [Float64Array, Float64Array, Float64Array];
  /** Copies `count` elements of two rows of `source` into the left lanes, `toStep` apart there. */
  packLeft(
    source: FloatArray,
    from0: number,
    from1: number,
    fromStep: number,
    to: number,
    toStep: number,
    count: number,
  ): void;
  /** Copies `count` elements of three columns of `source` into the right lanes, `toStep` apart there. */
  packRight(
    source: FloatArray,
    from0: number,
    from1: number,
    from2: number,
    fromStep: number,
    to: number,
    toStep: number,
    count: number,
  ): void;
  /**
   * Adds to `sums` the product of `rows` left rows with the right strip at `right`: three sums for each row, from `start`
   * on. The left strips lie at `left` and every `leftStep` after it.
   */
  multiply(
    depth: number,
    left: number,
    leftStep: number,
    rows: number,
    right: number,
    sums: Float64Array,
    start: number,
  ): void;
  /** Adds to `count` sums the three right lanes from `right` on, each times a weight. */
  addWeighted(
    count: number,
    right: number,
    weight0: number,
    weight1: number,
    weight2: number,
    sums: Float64Array,
    start: number,
  ): void;
}

export const panels: Panels = /* @__PURE__ */ createPanels();

function createPanels(): Panels {
  const left0 = new Float64Array(LEFT_CAPACITY);
  const left1 = new Float64Array(LEFT_CAPACITY);
  const right0 = new Float64Array(RIGHT_CAPACITY);
  const right1 = new Float64Array(RIGHT_CAPACITY);
  const right2 = new Float64Array(RIGHT_CAPACITY);

  function packLeft(
    source: FloatArray,
    from0: number,
    from1: number,
    fromStep: number,
    to: number,
    toStep: number,
    count: number,
  ): void {
    const lane0 = left0;
    const lane1 = left1;
    for (
      let offset = 0, end = to + toStep * count;
      to < end;
      offset = (offset + fromStep) | 0, to = (to + toStep) | 0
    ) {
      lane0[to] = source[(from0 + offset) | 0];
      lane1[to] = source[(from1 + offset) | 0];
    }
  }

  function packRight(
    source: FloatArray,
    from0: number,
    from1: number,
    from2: number,
    fromStep: number,
    to: number,
    toStep: number,
    count: number,
  ): void {
    const lane0 = right0;
    const lane1 = right1;
    const lane2 = right2;
    for (
      let offset = 0, end = to + toStep * count;
      to < end;
      offset = (offset + fromStep) | 0, to = (to + toStep) | 0
    ) {
      lane0[to] = source[(from0 + offset) | 0];
      lane1[to] = source[(from1 + offset) | 0];
      lane2[to] = source[(from2 + offset) | 0];
    }
  }

  function multiply(
    depth: number,
    left: number,
    leftStep: number,
    rows: number,
    right: number,
    sums: Float64Array,
    start: number,
  ): void {
    const lane0 = left0;
    const lane1 = left1;
    const column0 = right0;
    const column1 = right1;
    const column2 = right2;
    let row = 0;
    let target = start;
    for (; row + 1 < rows; row += 2, left += leftStep, target += 6) {
      let sum00 = 0;
      let sum01 = 0;
      let sum02 = 0;
      let sum10 = 0;
      let sum11 = 0;
      let sum12 = 0;
      let x = left | 0;
      let y = right | 0;
      for (const end = (x + depth) | 0; x < end; x = (x + 1) | 0, y = (y + 1) | 0) {
        const y0 = column0[y];
        const y1 = column1[y];
        const y2 = column2[y];
        const x0 = lane0[x];
        sum00 += x0 * y0;
        sum01 += x0 * y1;
        sum02 += x0 * y2;
        const x1 = lane1[x];
        sum10 += x1 * y0;
        sum11 += x1 * y1;
        sum12 += x1 * y2;
      }
      sums[target] += sum00;
      sums[target + 1] += sum01;
      sums[target + 2] += sum02;
      sums[target + 3] += sum10;
      sums[target + 4] += sum11;
      sums[target + 5] += sum12;
    }
    if (row < rows) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let x = left | 0;
      let y = right | 0;
      for (const end = (x + depth) | 0; x < end; x = (x + 1) | 0, y = (y + 1) | 0) {
        const x0 = lane0[x];
        sum0 += x0 * column0[y];
        sum1 += x0 * column1[y];
        sum2 += x0 * column2[y];
      }
      sums[target] += sum0;
      sums[target + 1] += sum1;
      sums[target + 2] += sum2;
    }
  }

  function addWeighted(
    count: number,
    right: number,
    weight0: number,
    weight1: number,
    weight2: number,
    sums: Float64Array,
    start: number,
  ): void {
    const column0 = right0;
    const column1 = right1;
    const column2 = right2;
    for (const end = (right + count) | 0; right < end; right = (right + 1) | 0, start = (start + 1) | 0) {
      sums[start] += weight0 * column0[right] + weight1 * column1[right] + weight2 * column2[right];
    }
  }

  return { left: [left0, left1], right: [right0, right1, right2], packLeft, packRight, multiply, addWeighted };
}
