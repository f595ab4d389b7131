/** Programs of convolutions with few channels, in which images lie side by side, against the cpu backend in float64. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import {
  avgPool2d,
  type Backend,
  batchNormTraining,
  compile,
  concatenate,
  conv2d,
  maxPool2d,
  relu,
  type Tensor,
  tensor,
  vjp,
  withBackend,
} from "@sconce/core";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";

const cpu = openCpu();
let native: Backend;

beforeAll(async () => {
  if (testsNative) native = await openNative({ threads: 2 });
});

/** Numbers with mean 0 and about unit variance; coarse, so that first sums are exact and their signs no matter of rounding. */
function numbers(shape: readonly number[], seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.round((state / 2 ** 32 - 0.5) * 28) / 8;
  });
}

type Program = (...inputs: Tensor[]) => Tensor;

interface Results {
  readonly values: readonly Float64Array[];
  /** The ops that were claimed. */
  readonly claimed: ReadonlySet<string>;
}

/** The program's result and the gradients of its inputs. */
async function resultsOn(
  backend: Backend,
  program: Program,
  inputs: readonly { data: Float32Array; shape: readonly number[] }[],
  dtype: "float32" | "float64",
): Promise<Results> {
  const claimed = new Set<string>();
  const watched: Backend = {
    ...backend,
    ...(backend.optimize && {
      optimize: (draft, claim) => {
        const optimized = backend.optimize!(draft, claim);
        for (const { work } of optimized.nodes) if (work.kind === "claim") claimed.add(work.request.op);
        return optimized;
      },
    }),
  };
  return withBackend(watched, async () => {
    const step = compile((...given: Tensor[]) => {
      const y = program(...given);
      return [y, ...vjp(y, given, y)];
    });
    const outputs = await step(...inputs.map(({ data, shape }) => tensor(data, { shape }).cast(dtype)));
    const values = await Promise.all(
      outputs.map(async (each) => Float64Array.from((await each.data()) as Float32Array)),
    );
    return { values, claimed };
  });
}

async function expectEqual(
  program: Program,
  shapes: readonly (readonly number[])[],
  change: (data: Float32Array, input: number) => void = () => {},
): Promise<ReadonlySet<string>> {
  const inputs = shapes.map((shape, i) => {
    const data = numbers(shape, i + 1);
    change(data, i);
    return { data, shape };
  });
  const { values: ours, claimed } = await resultsOn(native, program, inputs, "float32");
  const { values: theirs } = await resultsOn(cpu, program, inputs, "float64");
  ours.forEach((values, i) => {
    expect(values.length).toBe(theirs[i].length);
    const largest = theirs[i].reduce(
      (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
      0,
    );
    values.forEach((value, at) => {
      const expected = theirs[i][at];
      if (!Number.isFinite(expected)) expect(value, `result ${i} at ${at}`).toBe(expected);
      else if (!(Math.abs(value - expected) <= 2e-5 * largest)) expect(value, `result ${i} at ${at}`).toBe(expected);
    });
  });
  return claimed;
}

const imagesOps = ["imagesConvolution", "imagesConvolutionInputGradient", "imagesConvolutionWeightGradient"];

const geometries = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    channels: fc.tuple(
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1, max: 16 }),
    ),
    height: fc.integer({ min: 7, max: 20 }),
    width: fc.integer({ min: 7, max: 20 }),
    kernel: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
    padding: fc.tuple(fc.nat(6), fc.nat(6)),
  })
  .map(({ kernel, padding, ...rest }) => ({
    ...rest,
    kernel,
    padding: padding.map((n, axis) => n % kernel[axis]) as [number, number],
  }));

test.runIf(testsNative)("convolutions, their gradients and what lies between, of any geometry", async () => {
  await fc.assert(
    fc.asyncProperty(geometries, async ({ groups, channels: [a, b, c], height, width, kernel, padding }) => {
      const claimed = await expectEqual(
        (x, first, bias, second) =>
          conv2d(relu(conv2d(x, first, { padding, bias })), second, {
            padding: kernel.map((n) => n - 1) as [number, number],
          }),
        [[16 * groups, a, height, width], [b, a, ...kernel], [b], [c, b, ...kernel]],
      );
      expect([...claimed]).toEqual(expect.arrayContaining(imagesOps));
    }),
    { numRuns: 15 },
  );
});

const cases: readonly (readonly [title: string, program: Program, shapes: readonly (readonly number[])[]])[] = [
  [
    "LeNet-5",
    (x, first, a, second, b, linear) => {
      const features = maxPool2d(relu(conv2d(x, first, { padding: 2, bias: a })), { kernelSize: 2 });
      const deep = maxPool2d(relu(conv2d(features, second, { bias: b })), { kernelSize: 2 });
      return deep.reshape([32, 400]).matmul(linear);
    },
    [[32, 1, 28, 28], [6, 1, 5, 5], [6], [16, 6, 5, 5], [16], [400, 10]],
  ],
  [
    "means of channels, and a pool with windows that overlap",
    (x, w, v) => {
      const y = conv2d(x, w).tanh();
      return maxPool2d(conv2d(y.sub(y.mean({ axes: [2, 3], keepAxes: true })), v), {
        kernelSize: 3,
        stride: 2,
        padding: 1,
      });
    },
    [
      [16, 2, 9, 10],
      [5, 2, 3, 2],
      [3, 5, 1, 1],
    ],
  ],
  [
    "batch normalization",
    (x, w, v) => conv2d(relu(batchNormTraining(conv2d(x, w)).output), v),
    [
      [48, 3, 8, 7],
      [7, 3, 3, 3],
      [4, 7, 2, 3],
    ],
  ],
  [
    "slices of images and channels, and arrays side by side",
    (x, w, v) => {
      const y = conv2d(x, w, { padding: 1 });
      const parts = [
        y.slice([{ start: 3, end: 19 }]),
        y.slice([
          { start: 16, end: 32 },
          { start: 1, end: 3 },
        ]),
      ];
      return conv2d(concatenate(parts, 1), v).add(conv2d(y.slice([{ step: -2 }]), w));
    },
    [
      [32, 4, 8, 8],
      [4, 4, 3, 3],
      [4, 6, 3, 3],
    ],
  ],
  [
    "images added to each other, and means of pools",
    (x, w) => {
      const y = conv2d(x, w, { padding: 1 });
      return avgPool2d(conv2d(y.add(y.sum({ axes: 0, keepAxes: true })), w), { kernelSize: 2 });
    },
    [
      [16, 3, 6, 8],
      [3, 3, 3, 3],
    ],
  ],
  [
    "planes of one position",
    (x, w, v) => conv2d(relu(conv2d(x, w)), v),
    [
      [16, 3, 5, 5],
      [6, 3, 5, 5],
      [2, 6, 1, 1],
    ],
  ],
];

test.runIf(testsNative).each(cases)("%s", async (_, program, shapes) => {
  const claimed = await expectEqual(program, shapes);
  expect([...claimed]).toEqual(expect.arrayContaining(imagesOps));
});

test.runIf(testsNative)("NaN and infinities come through a bias and a rectifier", async () => {
  const program: Program = (x, w, bias) => maxPool2d(relu(conv2d(x, w, { bias })), { kernelSize: 2 });
  await expectEqual(program, [[16, 2, 6, 6], [3, 2, 1, 1], [3]], (data, input) => {
    if (input === 0)
      for (const [at, value] of [
        [5, Number.NaN],
        [90, Infinity],
        [301, -Infinity],
      ])
        data[at] = value;
  });
});

test.runIf(testsNative)("results do not depend on the number of threads", async () => {
  const [, program, shapes] = cases[0];
  const inputs = shapes.map((shape, i) => ({ data: numbers(shape, i + 1), shape }));
  const all = [];
  for (const threads of [1, 2, 5]) {
    const backend = await openNative({ threads });
    all.push((await resultsOn(backend, program, inputs, "float32")).values);
    await backend.close?.();
  }
  expect(all[1]).toEqual(all[0]);
  expect(all[2]).toEqual(all[0]);
});

test.runIf(testsNative)("other batches, strides and wide layers keep channels last", async () => {
  for (const [batch, channels, stride] of [
    [10, 4, 1],
    [16, 17, 1],
    [16, 4, 2],
  ]) {
    const claimed = await expectEqual(
      (x, w, v) => conv2d(relu(conv2d(x, w, { stride })), v),
      [
        [batch, 2, 9, 9],
        [channels, 2, 3, 3],
        [3, channels, 2, 2],
      ],
    );
    expect(claimed.has("convolution")).toBe(true);
    expect(claimed.has("imagesConvolution")).toBe(false);
  }
});
