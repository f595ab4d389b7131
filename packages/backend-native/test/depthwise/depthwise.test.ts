/** Depthwise convolution and its gradients, channels-last, against plain sums in float64. */
import type { Backend, Instruction, Kernel, NestEpilogue, OpRequest, ScalarOperator, Shape } from "@sconce/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openNative } from "../../src/index.ts";

interface Depthwise {
  readonly batch: number;
  readonly channels: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  readonly dilation: readonly [number, number];
}

const native = (await openNative({ threads: 2 })) as Backend;
const alone = (await openNative({ threads: 1 })) as Backend;

/** The same padding in both axes. */
const pad = (before: number, after = before): Depthwise["padding"] => [
  [before, after],
  [before, after],
];
const plain = { stride: [1, 1], padding: pad(1), dilation: [1, 1] } as const;
const examples: readonly Depthwise[] = [
  { ...plain, batch: 2, channels: 32, size: [13, 17], kernel: [3, 3] },
  { ...plain, batch: 1, channels: 96, size: [40, 33], kernel: [3, 3], stride: [2, 2] },
  { ...plain, batch: 3, channels: 24, size: [9, 10], kernel: [3, 3], stride: [2, 2], padding: pad(0, 1) },
  { ...plain, batch: 2, channels: 41, size: [15, 8], kernel: [5, 5], padding: pad(2) },
  { ...plain, batch: 2, channels: 40, size: [15, 22], kernel: [5, 5], stride: [2, 2], padding: pad(2) },
  { ...plain, batch: 1, channels: 19, size: [12, 12], kernel: [5, 5], stride: [2, 2], padding: pad(1, 2) },
  { ...plain, batch: 1, channels: 80, size: [20, 9], kernel: [3, 3], dilation: [2, 3], padding: pad(2, 3) },
  { ...plain, batch: 2, channels: 17, size: [11, 12], kernel: [7, 2], stride: [3, 1] },
  { ...plain, batch: 1, channels: 960, size: [3, 3], kernel: [3, 3] },
  { ...plain, batch: 1, channels: 16, size: [1, 1], kernel: [3, 3], stride: [2, 2] },
];
const one = fc.constantFrom(1, 2, 3);
const padding = fc.tuple(fc.nat(3), fc.nat(3));
const random: fc.Arbitrary<Depthwise> = fc
  .record({
    batch: one,
    channels: fc.integer({ min: 16, max: 70 }),
    size: fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 })),
    kernel: fc.oneof(fc.constantFrom([3, 3] as const, [5, 5] as const), fc.tuple(fc.integer({ min: 1, max: 6 }), one)),
    stride: fc.oneof(fc.constantFrom([1, 1] as const, [2, 2] as const), fc.tuple(one, one)),
    padding: fc.tuple(padding, padding),
    dilation: fc.oneof(
      { weight: 3, arbitrary: fc.constant([1, 1] as const) },
      { weight: 1, arbitrary: fc.tuple(one, one) },
    ),
  })
  .filter((each) => outputSize(each).every((extent) => extent > 0));

function outputSize({ size, kernel, stride, padding, dilation }: Depthwise): number[] {
  return size.map((extent, i) => {
    const room = extent + padding[i][0] + padding[i][1] - ((kernel[i] - 1) * dilation[i] + 1);
    return room < 0 ? 0 : Math.floor(room / stride[i]) + 1;
  });
}

/** The shapes of x and y, which lie channels-last, and of the weight. */
function shapesOf(each: Depthwise): { x: Shape; weight: Shape; y: Shape } {
  const { batch, channels, size, kernel } = each;
  return { x: [batch, channels, ...size], weight: [channels, 1, ...kernel], y: [batch, channels, ...outputSize(each)] };
}

const count = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

function values(shape: Shape, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 4;
  });
}

/** Calls `meet` with the places of elements of x, the weight and y that meet in a product. */
function eachProduct(each: Depthwise, meet: (x: number, weight: number, y: number) => void): void {
  const { batch, channels, size, kernel, stride, padding, dilation } = each;
  const [height, width] = outputSize(each);
  for (let image = 0; image < batch; image++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        for (let i = 0; i < kernel[0]; i++)
          for (let j = 0; j < kernel[1]; j++) {
            const h = row * stride[0] - padding[0][0] + i * dilation[0];
            const w = column * stride[1] - padding[1][0] + j * dilation[1];
            if (h < 0 || h >= size[0] || w < 0 || w >= size[1]) continue;
            for (let c = 0; c < channels; c++) {
              const x = ((image * size[0] + h) * size[1] + w) * channels + c;
              const y = ((image * height + row) * width + column) * channels + c;
              meet(x, (c * kernel[0] + i) * kernel[1] + j, y);
            }
          }
}

type Operation = "convolution" | "convolutionInputGradient" | "convolutionWeightGradient";

/** Runs the addon's kernel on buffers that hold the operands. */
function run(
  backend: Backend,
  op: Operation,
  each: Depthwise,
  operands: readonly Float32Array[],
  epilogue?: NestEpilogue,
): Float32Array {
  const { x, weight, y } = shapesOf(each);
  const [own, output] = {
    convolution: [[x, weight], y],
    convolutionInputGradient: [[y, weight], x],
    convolutionWeightGradient: [[x, y], weight],
  }[op] as [Shape[], Shape];
  const { stride, padding, dilation, channels } = each;
  const request: OpRequest = {
    op,
    attributes: { stride, padding, dilation, groups: channels },
    inputs: own.map((shape) => ({ shape, dtype: "float32" })),
    output: { shape: output, dtype: "float32" },
    ...(epilogue && { epilogue }),
  };
  const last = [
    ...own.map((shape) => shape !== weight),
    ...(epilogue?.operands ?? []).map((each) => each === "element"),
  ];
  const layout = { inputs: last, output: output !== weight };
  const kernel = backend.claim?.({ ...request, layout } as OpRequest) as Kernel;
  const buffers = operands.map((data) => {
    const buffer = backend.allocate(data.byteLength);
    backend.write(buffer, data);
    return buffer;
  });
  const result = backend.allocate(4 * count(output));
  // Contents that come a second time have their packed form kept.
  kernel.run(buffers, [result]);
  kernel.run(buffers, [result]);
  const data = new Float32Array(backend.readSync?.(result, 4 * count(output)) as ArrayBuffer);
  for (const buffer of [...buffers, result]) backend.release(buffer);
  return data;
}

/** The same sums in float64, with the sums of the products' magnitudes, which rounding errors are measured by. */
function reference(op: Operation, each: Depthwise, [a, b]: readonly Float32Array[]): [Float64Array, Float64Array] {
  const { x, weight, y } = shapesOf(each);
  const length = count({ convolution: y, convolutionInputGradient: x, convolutionWeightGradient: weight }[op]);
  const [sums, magnitudes] = [new Float64Array(length), new Float64Array(length)];
  eachProduct(each, (atX, atWeight, atY) => {
    const [first, second, to] = {
      convolution: [atX, atWeight, atY],
      convolutionInputGradient: [atY, atWeight, atX],
      convolutionWeightGradient: [atX, atY, atWeight],
    }[op];
    sums[to] += a[first] * b[second];
    magnitudes[to] += Math.abs(a[first] * b[second]);
  });
  return [sums, magnitudes];
}

function check(op: Operation, each: Depthwise): void {
  const { x, weight, y } = shapesOf(each);
  const operands = {
    convolution: [x, weight],
    convolutionInputGradient: [y, weight],
    convolutionWeightGradient: [x, y],
  }[op].map((shape, i) => values(shape, i + 1));
  const got = run(native, op, each, operands);
  const [sums, magnitudes] = reference(op, each, operands);
  const wrong = got.findIndex((value, i) => !(Math.abs(value - sums[i]) <= 1e-6 * magnitudes[i]));
  expect(wrong < 0 || `${got[wrong]} at ${wrong} instead of ${sums[wrong]}`).toBe(true);
  expect(run(alone, op, each, operands), "with one thread").toEqual(got);
}

const operations = ["convolution", "convolutionInputGradient", "convolutionWeightGradient"] as const;

describe.each(operations)("%s", (op) => {
  it.each(examples)("is the plain sum: %o", (each) => check(op, each));
  it("is the plain sum of any shape", () => {
    fc.assert(
      fc.property(random, (each) => check(op, each)),
      { numRuns: 60 },
    );
  });
});

const load = (input: number): Instruction => ({
  kind: "load",
  input,
  dtype: "float32",
  access: { kind: "affine", offset: 0, strides: [] },
});
const constant = (value: number): Instruction => ({ kind: "constant", dtype: "float32", value });
const apply = (operator: ScalarOperator, ...operands: number[]): Instruction => ({
  kind: "apply",
  operator,
  dtype: "float32",
  operands,
});

/** An epilogue, and what it does to a value of channel `c` at place `at`, given its operands. */
interface Chain {
  readonly epilogue: NestEpilogue;
  readonly change: (value: number, operands: readonly Float32Array[], c: number, at: number) => number;
}

const chains: Readonly<Record<string, Chain>> = {
  "scale, shift and both limits": {
    epilogue: {
      operands: ["row", "row"],
      instructions: [
        load(0),
        load(1),
        apply("multiply", 0, 1),
        load(2),
        apply("add", 2, 3),
        constant(0),
        apply("maximum", 4, 5),
        constant(6),
        apply("minimum", 6, 7),
      ],
      value: 8,
    },
    change: (value, [scale, shift], c) => Math.min(Math.max(value * scale[c] + shift[c], 0), 6),
  },
  "shift and residual sum": {
    epilogue: {
      operands: ["row", "element"],
      instructions: [load(0), load(1), apply("add", 0, 1), load(2), apply("add", 2, 3)],
      value: 4,
    },
    change: (value, [shift, other], c, at) => value + shift[c] + other[at],
  },
  "a function of a difference": {
    epilogue: {
      operands: ["element"],
      instructions: [
        load(0),
        constant(2),
        apply("multiply", 0, 1),
        load(1),
        apply("subtract", 2, 3),
        constant(0),
        apply("maximum", 4, 5),
      ],
      value: 6,
    },
    change: (value, [other], _, at) => Math.max(2 * value - other[at], 0),
  },
};

describe.each(Object.entries(chains))("with %s", (_, { epilogue, change }) => {
  it.each(examples)("results are changed before they are stored: %o", (each) => {
    const { x, weight, y } = shapesOf(each);
    const own = [values(x, 1), values(weight, 2)];
    const operands = epilogue.operands.map((shape, i) => values(shape === "row" ? [each.channels] : y, i + 3));
    const got = run(native, "convolution", each, [...own, ...operands], epilogue);
    const [sums, magnitudes] = reference("convolution", each, own);
    const wrong = got.findIndex((value, at) => {
      const wanted = change(sums[at], operands, at % each.channels, at);
      return !(Math.abs(value - wanted) <= 4e-6 * (magnitudes[at] + 1));
    });
    expect(wrong).toBe(-1);
  });
});

it("lets NaN and infinities through", () => {
  const each: Depthwise = { ...plain, batch: 1, channels: 18, size: [8, 9], kernel: [3, 3] };
  const { x, weight } = shapesOf(each);
  const [data, taps] = [values(x, 1).fill(1), values(weight, 2).fill(1)];
  data[17] = Number.NaN;
  data[18 * 40] = Number.NEGATIVE_INFINITY;
  const epilogue: NestEpilogue = {
    operands: [],
    instructions: [load(0), constant(0), apply("maximum", 0, 1)],
    value: 2,
  };
  const got = run(native, "convolution", each, [data, taps], epilogue);
  const [sums] = reference("convolution", each, [data, taps]);
  expect([...got]).toEqual([...sums].map((value) => Math.max(value, 0)));
  expect(got.filter(Number.isNaN).length).toBe(4);
});
