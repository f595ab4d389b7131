/** Convolution against the sum that defines it, by every algorithm. */
import type { OpRequest } from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { f32x4 } from "../../src/assembler/simd.ts";
import { claimConvolution } from "../../src/claims/convolution.ts";
import { convolutionCode } from "../../src/convolution/convolution.ts";
import { type Axis, type ConvolutionShape, outputPositions } from "../../src/convolution/geometry.ts";
import type { Epilogue } from "../../src/kernels/epilogue.ts";
import type { KernelCode } from "../../src/kernels/kernel.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { openMachine } from "../../src/machine/open-machine.ts";

const machines: readonly Machine[] = [
  await openMachine({ threads: 1 }),
  await openMachine({ threads: 2 }),
  await openMachine({ threads: 1, relaxedSimd: false }),
];
afterAll(() => {
  for (const machine of machines) machine.close();
});

/** An axis whose output is what the window leaves. */
function axis(input: number, kernel: number, options: Partial<Axis> & { after?: number } = {}): Axis {
  const { stride = 1, dilation = 1, before = 0, after = before } = options;
  const output = Math.floor((input + before + after - dilation * (kernel - 1) - 1) / stride) + 1;
  return { input, output, kernel, stride, dilation, before };
}

const padded = (input: number, kernel: number, stride = 1): Axis =>
  axis(input, kernel, { stride, before: (kernel - 1) >> 1 });

function square(
  batch: number,
  inputChannels: number,
  outputChannels: number,
  side: Axis,
  groups = 1,
): ConvolutionShape {
  return { batch, inputChannels, outputChannels, groups, vertical: side, horizontal: side };
}

/** Small whole numbers, whose sums are exact in float32 whatever their order. */
function wholeNumbers(length: number, seed: number): Float32Array {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return Float32Array.from({ length }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    state ^= state >>> 12;
    return ((state >>> 8) % 9) - 4;
  });
}

function operandsOf(shape: ConvolutionShape, seed: number): Float32Array[] {
  const { batch, inputChannels, outputChannels, groups, vertical, horizontal } = shape;
  return [
    wholeNumbers(batch * inputChannels * vertical.input * horizontal.input, seed),
    wholeNumbers(((outputChannels * inputChannels) / groups) * vertical.kernel * horizontal.kernel, seed + 1),
  ];
}

function reference(shape: ConvolutionShape, [x, weight]: readonly Float32Array[]): Float64Array {
  const { batch, inputChannels, outputChannels, groups, vertical, horizontal } = shape;
  const [inputs, outputs] = [inputChannels / groups, outputChannels / groups];
  const taps = ({ input, kernel, stride, dilation, before }: Axis, position: number): [tap: number, at: number][] =>
    Array.from({ length: kernel }, (_, tap): [number, number] => [
      tap,
      position * stride - before + tap * dilation,
    ]).filter(([, at]) => at >= 0 && at < input);
  const rows = Array.from({ length: vertical.output }, (_, i) => taps(vertical, i));
  const columns = Array.from({ length: horizontal.output }, (_, j) => taps(horizontal, j));
  const y = new Float64Array(batch * outputChannels * outputPositions(shape));
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outputChannels; o++)
      for (let c = 0; c < inputs; c++) {
        const plane = (n * inputChannels + Math.floor(o / outputs) * inputs + c) * vertical.input;
        let at = (n * outputChannels + o) * outputPositions(shape);
        for (const row of rows)
          for (const column of columns) {
            for (const [ky, i] of row)
              for (const [kx, j] of column)
                y[at] +=
                  x[(plane + i) * horizontal.input + j] *
                  weight[((o * inputs + c) * vertical.kernel + ky) * horizontal.kernel + kx];
            at++;
          }
      }
  return y;
}

/** Runs a kernel; the output is `shared` (the number of an operand that shares its buffer), or one that starts as NaN. */
function run(
  machine: Machine,
  code: KernelCode,
  operands: readonly Float32Array[],
  length: number,
  shared?: number,
): Float32Array {
  const inputs = operands.map((operand) => {
    const buffer = machine.allocate(operand.byteLength);
    machine.bytes().set(new Uint8Array(operand.buffer), buffer.address);
    return buffer;
  });
  // Nothing may be stored behind the end.
  const guard = 64;
  const output = shared === undefined ? machine.allocate(4 * (length + guard)) : inputs[shared];
  const program = machine.program([{ code, inputs, outputs: [output] }]);
  const view = (): Float32Array => new Float32Array(machine.bytes().buffer as ArrayBuffer, output.address);
  if (shared === undefined)
    view()
      .fill(Number.NaN, 0, length)
      .fill(777, length, length + guard);
  program();
  const result = view().slice(0, length);
  if (shared === undefined) expect([...view().slice(length, length + guard)]).toEqual(new Array(guard).fill(777));
  for (const buffer of new Set([...inputs, output])) machine.release(buffer);
  return result;
}

function worst(actual: Float32Array, expected: Float64Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value) || 0), 0) / largest;
}

/** Checks a shape on every machine, and that all threads together compute the very same. */
function check(shape: ConvolutionShape, tolerance: number): void {
  const operands = operandsOf(shape, 5);
  const expected = reference(shape, operands);
  const results = machines.map((machine) =>
    run(machine, convolutionCode(shape, machine.target), operands, expected.length),
  );
  for (const result of results) {
    expect(result.some(Number.isNaN), JSON.stringify(shape)).toBe(false);
    expect(worst(result, expected), JSON.stringify(shape)).toBeLessThanOrEqual(tolerance);
  }
  expect(results[1]).toEqual(results[0]);
}

const axes: fc.Arbitrary<Axis> = fc
  .record({
    input: fc.integer({ min: 1, max: 17 }),
    kernel: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: -1, max: 3 }),
    after: fc.integer({ min: -1, max: 3 }),
  })
  .map(({ input, kernel, ...rest }) => axis(input, kernel, rest))
  .filter(({ output }) => output > 0);

describe("convolution", () => {
  it("is the sum that defines it, for any geometry", () => {
    const channels = fc.constantFrom(1, 2, 3, 5, 7, 13);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        channels,
        channels,
        axes,
        axes,
        (batch, groups, inputs, outputs, vertical, horizontal) => {
          const [inputChannels, outputChannels] = [inputs * groups, outputs * groups];
          check({ batch, groups, inputChannels, outputChannels, vertical, horizontal }, 3e-6);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("is so for depthwise kernels", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 1, max: 2 }),
        axes,
        axes,
        (groups, multiplier, vertical, horizontal) =>
          check(
            { batch: 2, groups, inputChannels: groups, outputChannels: groups * multiplier, vertical, horizontal },
            0,
          ),
      ),
      { numRuns: 100 },
    );
  });

  it("is so to within rounding for the kernels of minimal filtering", () => {
    const sides = fc
      .tuple(fc.integer({ min: 1, max: 19 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }))
      .map(([input, before, after]) => axis(input, 3, { before, after }))
      .filter(({ output }) => output > 2);
    const channels = fc.integer({ min: 3, max: 50 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        channels,
        channels,
        sides,
        sides,
        (batch, inputs, outputs, vertical, horizontal) =>
          check({ batch, groups: 1, inputChannels: inputs, outputChannels: outputs, vertical, horizontal }, 3e-6),
      ),
      { numRuns: 40 },
    );
  });

  it("agrees on shapes that networks use", () => {
    check(square(2, 3, 16, padded(33, 7, 2)), 3e-6);
    check(square(1, 200, 13, axis(14, 1)), 3e-6);
    check(square(1, 200, 13, padded(15, 1, 2)), 3e-6);
    // Several blocks of the depth, and a block of few positions.
    check(square(3, 130, 20, padded(7, 3, 2)), 3e-6);
    check(square(1, 300, 14, padded(3, 3)), 3e-6);
    check(square(1, 64, 72, padded(20, 3)), 3e-6);
    check(square(1, 8, 8, padded(30, 5), 8), 3e-6);
    check({ ...square(2, 12, 18, axis(40, 9, { stride: 3, before: 2 })), vertical: axis(1, 1) }, 3e-6);
  });

  it("stays within 1e-5 of the largest result with many channels", () => {
    const shape = square(1, 512, 16, padded(8, 3));
    const [x, weight] = operandsOf(shape, 1).map((values, seed) => {
      const noise = [1, 2, 3, 4].map((n) => wholeNumbers(values.length, 10 * seed + n));
      return values.map((_, i) => noise.reduce((sum, list, n) => sum + list[i] / 9 ** n, 0) / 2.6);
    });
    const expected = reference(shape, [x, weight]);
    for (const machine of machines) {
      const y = run(machine, convolutionCode(shape, machine.target), [x, weight], expected.length);
      expect(worst(y, expected)).toBeLessThan(1e-5);
    }
  });

  it("applies an epilogue, also where the output takes an operand's place", () => {
    const epilogue: Epilogue = {
      operands: ["element", "row", "column"],
      emit: (_, __, value, [element, row, column]) =>
        f32x4.add(f32x4.max(f32x4.add(value, row), f32x4.const(0)), f32x4.mul(element, column)),
    };
    const shapes = [
      square(2, 5, 7, padded(7, 3, 2)),
      square(2, 6, 12, padded(6, 3), 6),
      square(2, 16, 17, padded(9, 3)),
      square(3, 9, 4, axis(5, 1)),
    ];
    for (const shape of shapes) {
      const positions = outputPositions(shape);
      const expected = reference(shape, operandsOf(shape, 2));
      const element = wholeNumbers(expected.length, 3);
      const row = wholeNumbers(shape.outputChannels, 4);
      const column = wholeNumbers(positions, 5);
      expected.forEach((value, i) => {
        const channel = Math.floor(i / positions) % shape.outputChannels;
        expected[i] = Math.max(value + row[channel], 0) + element[i] * column[i % positions];
      });
      for (const machine of machines) {
        const code = convolutionCode(shape, machine.target, epilogue);
        const operands = [...operandsOf(shape, 2), element, row, column];
        expect(worst(run(machine, code, operands, expected.length), expected)).toBeLessThan(3e-6);
        expect(worst(run(machine, code, operands, expected.length, 2), expected)).toBeLessThan(3e-6);
      }
    }
  });

  it("keeps an infinity to the windows that hold it", () => {
    for (const shape of [square(1, 3, 2, padded(8, 5)), square(1, 3, 3, padded(8, 5), 3)]) {
      const [x, weight] = operandsOf(shape, 6);
      weight.fill(1);
      x[3 * 8 + 2] = Number.POSITIVE_INFINITY;
      const expected = reference(shape, [x, weight]);
      const [machine] = machines;
      const y = run(machine, convolutionCode(shape, machine.target), [x, weight], expected.length);
      expect([...y]).toEqual([...expected]);
    }
  });
});

describe("the claim", () => {
  const request = (
    x: number[],
    weight: number[],
    y: number[],
    padding: [number, number][],
    dtype: "float32" | "float64" = "float32",
  ): OpRequest => ({
    op: "convolution",
    attributes: { stride: padding.map(() => 1), padding, dilation: padding.map(() => 1), groups: 1 },
    inputs: [x, weight].map((shape) => ({ shape, dtype })),
    output: { shape: y, dtype },
  });

  it("takes one spatial axis as a height of one", () => {
    const [machine] = machines;
    const shape: ConvolutionShape = { ...square(2, 3, 4, axis(9, 3, { before: 1, after: 0 })), vertical: axis(1, 1) };
    const operands = operandsOf(shape, 8);
    const code = claimConvolution(request([2, 3, 9], [4, 3, 3], [2, 4, 8], [[1, 0]]), machine.target) as KernelCode;
    expect([...run(machine, code, operands, 64)]).toEqual([...reference(shape, operands)]);
  });

  it("leaves what is empty, of another dtype or of more axes", () => {
    const { target } = machines[0];
    expect(claimConvolution(request([0, 3, 9], [4, 3, 3], [0, 4, 7], [[0, 0]]), target)).toBeUndefined();
    expect(claimConvolution(request([1, 3, 9], [4, 3, 3], [1, 4, 7], [[0, 0]], "float64"), target)).toBeUndefined();
    const cube: [number, number][] = [
      [0, 0],
      [0, 0],
      [0, 0],
    ];
    expect(claimConvolution(request([1, 1, 2, 2, 2], [1, 1, 1, 1, 1], [1, 1, 2, 2, 2], cube), target)).toBeUndefined();
  });
});
