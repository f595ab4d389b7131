/** Both gradients against the sums that define them, through the claims. */
import type { OpRequest, Shape, Signature } from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { f32x4 } from "../../src/assembler/simd.ts";
import { claimInputGradient, claimWeightGradient } from "../../src/claims/convolution-gradients.ts";
import type { Axis, ConvolutionShape } from "../../src/convolution/geometry.ts";
import { inputGradientCode } from "../../src/convolution/input-gradient.ts";
import { weightGradientCode } from "../../src/convolution/weight-gradient.ts";
import type { Epilogue } from "../../src/kernels/epilogue.ts";
import type { KernelCode, Target } from "../../src/kernels/kernel.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { openMachine } from "../../src/machine/open-machine.ts";

type Pair = readonly [number, number];

/** Channels are per group. */
interface Geometry {
  readonly batch: number;
  readonly groups: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: readonly [Pair, Pair];
  readonly dilation: Pair;
}

const pair = (least: number, most: number): fc.Arbitrary<Pair> =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }));

const outputSize = ({ size, kernel, stride, padding, dilation }: Geometry): Pair => {
  const extent = (axis: 0 | 1): number =>
    Math.floor(
      (size[axis] + padding[axis][0] + padding[axis][1] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis],
    ) + 1;
  return [extent(0), extent(1)];
};

const fits = (geometry: Geometry): boolean => outputSize(geometry).every((extent) => extent > 0);

const geometries: fc.Arbitrary<Geometry> = fc
  .record({
    batch: fc.integer({ min: 1, max: 5 }),
    groups: fc.constantFrom(1, 1, 1, 2, 3),
    inputs: fc.constantFrom(1, 2, 3, 5, 7, 13, 17),
    outputs: fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 13, 17),
    size: pair(1, 17),
    kernel: pair(1, 5),
    stride: pair(1, 4),
    padding: fc.tuple(pair(0, 5), pair(0, 5)),
    dilation: pair(1, 3),
  })
  .filter(fits);

const plain: Geometry = {
  batch: 2,
  groups: 1,
  inputs: 8,
  outputs: 8,
  size: [14, 14],
  kernel: [3, 3],
  stride: [1, 1],
  padding: [
    [1, 1],
    [1, 1],
  ],
  dilation: [1, 1],
};
/** Shapes that networks have, and that random ones miss. */
const examples: readonly Geometry[] = [
  { ...plain, batch: 7, inputs: 17, outputs: 20 },
  { ...plain, batch: 3, inputs: 18, outputs: 67, size: [31, 21] },
  {
    ...plain,
    batch: 2,
    inputs: 16,
    outputs: 16,
    size: [32, 48],
    padding: [
      [0, 1],
      [2, 0],
    ],
  },

  { ...plain, inputs: 33, outputs: 40 },
  {
    ...plain,
    kernel: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    inputs: 40,
    outputs: 22,
    size: [7, 7],
    batch: 20,
  },
  {
    ...plain,
    batch: 1,
    size: [61, 47],
    inputs: 3,
    kernel: [7, 7],
    stride: [2, 2],
    padding: [
      [3, 3],
      [3, 3],
    ],
  },
  { ...plain, groups: 9, inputs: 1, outputs: 1, size: [23, 30] },
  { ...plain, groups: 9, inputs: 1, outputs: 1, size: [23, 30], stride: [2, 2] },
  {
    ...plain,
    groups: 5,
    inputs: 1,
    outputs: 2,
    kernel: [5, 5],
    padding: [
      [2, 2],
      [2, 2],
    ],
  },
  {
    ...plain,
    kernel: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    stride: [2, 2],
  },
  {
    ...plain,
    batch: 3,
    size: [1, 1000],
    kernel: [1, 9],
    padding: [
      [0, 0],
      [4, 4],
    ],
    inputs: 2,
    outputs: 3,
  },
  {
    ...plain,
    batch: 19,
    inputs: 1,
    outputs: 6,
    kernel: [5, 5],
    size: [28, 28],
    padding: [
      [2, 2],
      [2, 2],
    ],
  },
];

/** Shapes that minimal filtering suits. */
const filtered: fc.Arbitrary<Geometry> = fc.record({
  batch: fc.integer({ min: 3, max: 9 }),
  groups: fc.constant(1),
  inputs: fc.integer({ min: 6, max: 17 }),
  outputs: fc.integer({ min: 6, max: 17 }),
  size: pair(10, 24),
  kernel: fc.constant<Pair>([3, 3]),
  stride: fc.constant<Pair>([1, 1]),
  padding: fc.tuple(pair(0, 2), pair(0, 2)),
  dilation: fc.constant<Pair>([1, 1]),
});

const shapes = (geometry: Geometry): { x: Shape; weight: Shape; y: Shape } => {
  const { batch, groups, inputs, outputs, size, kernel } = geometry;
  return {
    x: [batch, groups * inputs, ...size],
    weight: [groups * outputs, inputs, ...kernel],
    y: [batch, groups * outputs, ...outputSize(geometry)],
  };
};

const volume = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

/** Small whole numbers, so that sums are exact whatever their order. */
function wholeNumbers(length: number, seed: number): Float32Array {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return Float32Array.from({ length }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    state ^= state >>> 12;
    return ((state >>> 8) % 9) - 4;
  });
}

/** Calls `visit` with the positions of every product in the sum that defines a convolution. */
function eachProduct(geometry: Geometry, visit: (x: number, weight: number, y: number) => void): void {
  const { batch, groups, inputs, outputs, size, kernel, stride, padding, dilation } = geometry;
  const [height, width] = outputSize(geometry);
  for (let n = 0; n < batch; n++)
    for (let output = 0; output < groups * outputs; output++)
      for (let c = 0; c < inputs; c++)
        for (let i = 0; i < kernel[0]; i++)
          for (let j = 0; j < kernel[1]; j++)
            for (let y = 0; y < height; y++)
              for (let x = 0; x < width; x++) {
                const row = y * stride[0] - padding[0][0] + i * dilation[0];
                const column = x * stride[1] - padding[1][0] + j * dilation[1];
                if (row < 0 || row >= size[0] || column < 0 || column >= size[1]) continue;
                const channel = Math.floor(output / outputs) * inputs + c;
                visit(
                  ((n * groups * inputs + channel) * size[0] + row) * size[1] + column,
                  ((output * inputs + c) * kernel[0] + i) * kernel[1] + j,
                  ((n * groups * outputs + output) * height + y) * width + x,
                );
              }
}

/** Runs a kernel on a machine; what lies around the output must stay. */
function evaluate(machine: Machine, code: KernelCode, inputs: readonly Float32Array[], size: number): number[] {
  const guard = 64;
  const buffers = inputs.map(({ byteLength }) => machine.allocate(byteLength));
  const whole = machine.allocate(4 * (size + 2 * guard));
  const output = { address: whole.address + 4 * guard, byteLength: 4 * size };
  const run = machine.program([{ code, inputs: buffers, outputs: [output] }]);
  const memory = machine.bytes().buffer;
  inputs.forEach((values, i) => {
    new Float32Array(memory, buffers[i].address, values.length).set(values);
  });
  new Float32Array(memory, whole.address, size + 2 * guard).fill(Number.NaN);
  run();
  const result = [...new Float32Array(memory, whole.address, size + 2 * guard)];
  for (const buffer of [...buffers, whole]) machine.release(buffer);
  expect([...result.slice(0, guard), ...result.slice(size + guard)].every(Number.isNaN)).toBe(true);
  return result.slice(guard, size + guard);
}

const machines: readonly Machine[] = await Promise.all([
  openMachine({ threads: 1, relaxedSimd: false }),
  openMachine({ threads: 1 }),
  openMachine({ threads: 2 }),
]);
afterAll(() => {
  for (const machine of machines) machine.close();
});

type Operand = "x" | "weight" | "y";

const random = (length: number): Float32Array => Float32Array.from({ length }, () => Math.random() - 0.5);

function shapeOf(geometry: Geometry): ConvolutionShape {
  const all = shapes(geometry);
  const { stride, padding, dilation, groups, size, kernel } = geometry;
  const axis = (i: 0 | 1): Axis => ({
    input: size[i],
    output: outputSize(geometry)[i],
    kernel: kernel[i],
    stride: stride[i],
    dilation: dilation[i],
    before: padding[i][0],
  });
  return {
    batch: geometry.batch,
    inputChannels: all.x[1],
    outputChannels: all.y[1],
    groups,
    vertical: axis(0),
    horizontal: axis(1),
  };
}

/** The bits of the result, whoever did the work. */
function checkThreads(geometry: Geometry): void {
  const all = shapes(geometry);
  const shape = shapeOf(geometry);
  const [x, weight, y] = [all.x, all.weight, all.y].map((extents) => random(volume(extents)));
  const gradients = ({ target }: Machine) => [
    { code: weightGradientCode(shape, target), inputs: [x, y], size: weight.length },
    { code: inputGradientCode(shape, target), inputs: [y, weight], size: x.length },
  ];
  const [, one, two] = machines.map((machine) =>
    gradients(machine).map(({ code, inputs, size }) => evaluate(machine, code, inputs, size)),
  );
  expect(two).toEqual(one);
}

function check(
  geometry: Geometry,
  seed: number,
  claim: (request: OpRequest, target: Target) => KernelCode | undefined,
  [first, second, result]: readonly [Operand, Operand, Operand],
): void {
  const all = shapes(geometry);
  const { stride, padding, dilation, groups, size, kernel } = geometry;
  const operands = {
    x: wholeNumbers(volume(all.x), seed),
    weight: wholeNumbers(volume(all.weight), seed + 1),
    y: wholeNumbers(volume(all.y), seed + 2),
  };
  const expected = new Float64Array(volume(all[result]));
  eachProduct(geometry, (x, weight, y) => {
    const at = { x, weight, y };
    expected[at[result]] += operands[first][at[first]] * operands[second][at[second]];
  });
  // A height that takes no part may as well be left out.
  const flat = size[0] * kernel[0] * stride[0] === 1 && padding[0].every((side) => side === 0);
  const spatial = <Item>(list: readonly Item[]): readonly Item[] => (flat ? list.slice(1) : list);
  const signature = (operand: Operand): Signature => ({
    shape: [...all[operand].slice(0, 2), ...spatial(all[operand].slice(2))],
    dtype: "float32",
  });
  const request: OpRequest = {
    op: result,
    attributes: { stride: spatial(stride), padding: spatial(padding), dilation: spatial(dilation), groups },
    inputs: [signature(first), signature(second)],
    output: signature(result),
  };
  for (const machine of machines) {
    const code = claim(request, machine.target) as KernelCode;
    const got = evaluate(machine, code, [operands[first], operands[second]], expected.length);
    const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
    // Products are whole numbers, but transforms of 3 by 3 kernels have fractions.
    expect(worst).toBeLessThan(1e-2);
  }
}

describe("convolutionWeightGradient", () => {
  const verify = (geometry: Geometry, seed: number): void =>
    check(geometry, seed, claimWeightGradient, ["x", "y", "weight"]);

  it("is the sum that defines it", () => {
    fc.assert(fc.property(geometries, fc.nat(1000), verify), { numRuns: 60 });
    fc.assert(fc.property(filtered, fc.nat(1000), verify), { numRuns: 8 });
  });

  it.each(examples)("is so for shape %#", (geometry) => verify(geometry, 1));
});

describe("convolutionInputGradient", () => {
  const verify = (geometry: Geometry, seed: number): void =>
    check(geometry, seed, claimInputGradient, ["y", "weight", "x"]);

  it.each(examples.filter(({ stride }) => stride.every((step) => step === 1)))(
    "applies an epilogue at a stride of one: shape %#",
    (geometry) => {
      const all = shapes(geometry);
      const [y, weight, element, row] = [all.y, all.weight, all.x, [all.x[1]]].map((extents) =>
        random(volume(extents)),
      );
      const epilogue: Epilogue = {
        operands: ["element", "row"],
        emit: (_, __, value, [e, r]) => f32x4.mul(f32x4.add(value, e), r),
      };
      const positions = volume(all.x.slice(2));
      for (const machine of machines) {
        const plain = inputGradientCode(shapeOf(geometry), machine.target);
        const merged = inputGradientCode(shapeOf(geometry), machine.target, epilogue);
        const gradient = evaluate(machine, plain, [y, weight], element.length);
        const expected = gradient.map((value, i) =>
          Math.fround(Math.fround(value + element[i]) * row[Math.floor(i / positions) % row.length]),
        );
        expect(evaluate(machine, merged, [y, weight, element, row], element.length)).toEqual(expected);
      }
    },
  );

  it("is the sum that defines it", () => {
    fc.assert(fc.property(geometries, fc.nat(1000), verify), { numRuns: 60 });
    fc.assert(fc.property(filtered, fc.nat(1000), verify), { numRuns: 8 });
  });

  it.each(examples)("is so for shape %#", (geometry) => verify(geometry, 1));
});

it("claims no input gradient with an epilogue and a stride", () => {
  const signature = (shape: Shape): Signature => ({ shape, dtype: "float32" });
  const epilogue: Epilogue = { operands: [], emit: (_, __, value) => value };
  const claimed = [1, 2].map((stride) => {
    const attributes = { stride: [stride], padding: [[0, 0]], dilation: [1], groups: 1 };
    const inputs = [signature([1, 2, 3]), signature([2, 2, 1])];
    const output = signature([1, 2, 2 * stride + 1]);
    const request = { op: "convolutionInputGradient", attributes, inputs, output };
    return claimInputGradient(request, machines[0].target, epilogue) !== undefined;
  });
  expect(claimed).toEqual([true, false]);
});

describe("both gradients", () => {
  it.each(examples)("do not depend on the number of threads: shape %#", checkThreads);
});
