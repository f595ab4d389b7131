/** Descriptions of kernels as programs really ask for them, of every kind that the addon has. */
import {
  avgPool2d,
  type Backend,
  batchNormTraining,
  compile,
  concatenate,
  conv2d,
  cumulativeSum,
  grad,
  type Instruction,
  type LoopNest,
  maxPool2d,
  type OpRequest,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import { describeOp } from "../../src/claims/index.ts";
import type { PartsAttributes } from "../../src/claims/parts.ts";
import { encodeNest } from "../../src/encode-nest.ts";
import { openNative } from "../../src/index.ts";

export interface KernelDescription {
  readonly name: string;
  readonly numbers: readonly number[];
}

const floats = (...shape: number[]): Tensor => {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i));
  return tensor(data, { shape });
};

/** Small programs; each gives a scalar to differentiate by its inputs. */
const programs: readonly (readonly [(...inputs: Tensor[]) => Tensor, readonly Tensor[]])[] = [
  [
    (x, w) => maxPool2d(conv2d(x, w, { padding: 1 }).relu(), { kernelSize: 2 }).mean(),
    [floats(2, 3, 6, 6), floats(4, 3, 3, 3)],
  ],
  [
    (x, w, bias) => maxPool2d(conv2d(x, w, { padding: [1, 0], bias }).relu(), { kernelSize: 2 }).mean(),
    [floats(16, 2, 6, 5), floats(3, 2, 3, 2), floats(3)],
  ],
  [
    (x, w) => avgPool2d(conv2d(x, w, { stride: 2, groups: 2 }), { kernelSize: 2 }).sum(),
    [floats(1, 4, 8, 8), floats(4, 2, 2, 2)],
  ],
  [(x, w) => conv2d(x, w).tanh().mean(), [floats(2, 3, 5, 5), floats(4, 3, 3, 3)]],
  // Depthwise, of strides 1 and 2, and of a kernel without code of its own.
  [
    (x, w) => {
      const y = conv2d(x.mul(2), w, { groups: 17, padding: 1 });
      return conv2d(conv2d(y, w, { groups: 17, stride: 2, padding: 1 }).relu(), w, { groups: 17, dilation: 2 }).mean();
    },
    [floats(2, 17, 12, 9), floats(17, 1, 3, 3)],
  ],
  [(a, b) => a.matmul(b).add(1).gelu().mean(), [floats(5, 3), floats(3, 7)]],
  [(a, b) => a.matmul(b.transpose()).softmax().log().mean(), [floats(2, 4, 3), floats(2, 5, 3)]],
  [
    (x) =>
      x
        .logSoftmax()
        .gather(tensor([[1], [0], [2], [1]], { dtype: "int32" }), 1)
        .sum(),
    [floats(4, 6)],
  ],
  [
    (x) =>
      x
        .indexSelect(tensor([2, 0, 2, 1], { dtype: "int32" }))
        .mul(3)
        .mean(),
    [floats(3, 5)],
  ],
  [
    (a, b) =>
      concatenate([a, b], 1)
        .matmul(concatenate([b, a], 1).transpose())
        .mean(),
    [floats(4, 8), floats(4, 16)],
  ],
  // Results that lie side by side.
  [
    (a, b) => {
      const y = a.matmul(b);
      return concatenate([y.sin(), y.cos()], 1)
        .matmul(concatenate([b, b]))
        .sum();
    },
    [floats(4, 8), floats(8, 8)],
  ],
  // Two convolutions write one array, the first of them by minimal filtering.
  [
    (x, w) => {
      const parts = [conv2d(x, w, { padding: 1 }), conv2d(x, w, { padding: 2, dilation: 2 })];
      return conv2d(concatenate(parts, 1), concatenate([w, w], 1)).sum();
    },
    [floats(1, 16, 28, 28), floats(16, 16, 3, 3)],
  ],
  // An image of few channels that nothing else reads.
  [(x) => conv2d(x, floats(9, 3, 3, 2), { stride: 2, padding: 1 }).sum(), [floats(2, 3, 8, 9)]],
  // A large result that only a depthwise convolution reads.
  [
    (x) => {
      const y = conv2d(x, floats(64, 8, 1, 1));
      return conv2d(y, floats(64, 1, 3, 3), { groups: 64, padding: 1 }).sum();
    },
    [floats(1, 8, 56, 56)],
  ],
  // One that only a pool reads.
  [
    (x) => {
      const y = maxPool2d(conv2d(x, floats(64, 3, 3, 3), { stride: 2 }), { kernelSize: 3, stride: 2 });
      return conv2d(y, floats(8, 64, 1, 1)).sum();
    },
    [floats(1, 3, 120, 120)],
  ],
  // The gradient of a gradient selects what the first one scattered.
  [
    (x) =>
      grad(maxPool2d(x, { kernelSize: 2 }).square().sum(), x)
        .square()
        .sum(),
    [floats(1, 2, 6, 6)],
  ],
  [
    (x) =>
      x
        .variance({ axes: 1 })
        .add(x.max({ axes: 0 }).sum())
        .mean(),
    [floats(6, 6)],
  ],
  [(x) => batchNormTraining(x).output.square().mean(), [floats(2, 3, 4, 5)]],
  [(x) => batchNormTraining(x).output.square().mean(), [floats(20, 5)]],
  [(x) => cumulativeSum(x, 1).roll(1, 0).mul(2).sum(), [floats(3, 4)]],
  [(x) => x.cast("float16").mul(2).cast("float64").exp().cast("float32").sum(), [floats(9)]],
];

/** What is done part by part in programs is larger than what malformed descriptions of it should run: rows less their means. */
function smallParts(): readonly number[] | undefined {
  const rows = { shape: [40, 6], dtype: "float32" } as const;
  const sums = { shape: [40], dtype: "float32" } as const;
  const moments = { extents: [40, 1, 6], strides: [6, 0, 1] };
  const load = (input: number, ...strides: number[]): Instruction => ({
    kind: "load",
    input,
    dtype: "float32",
    access: { kind: "affine", offset: 0, strides },
  });
  const difference: Instruction = { kind: "apply", operator: "subtract", dtype: "float32", operands: [0, 1] };
  const inputs = ["float32", "float32"] as const;
  const body = [load(0, 6, 1), load(1, 1, 0), difference];
  const store = { value: 2, dtype: "float32" } as const;
  const nest: LoopNest = { shape: [40, 6], inputs, body, epilogue: [], stores: [store] };
  const extent = [6];
  const accumulators = [{ value: 2, combine: "sum", dtype: "float32" }] as const;
  const epilogue: Instruction[] = [{ kind: "accumulator", index: 0 }];
  const sum: LoopNest = {
    ...nest,
    shape: [40],
    reduce: { extent, accumulators },
    epilogue,
    stores: [{ value: 0, dtype: "float32" }],
  };
  const attributes: PartsAttributes = {
    parts: 40,
    atOnce: 7,
    outputs: 4,
    stages: [
      { work: { moments: { op: "moments", attributes: moments, inputs: [rows], output: sums } }, buffers: [0, 1, 2] },
      { work: { nest, loop: 0 }, buffers: [0, 1, 3] },
      { work: { nest: sum, loop: 0 }, buffers: [3, 2, 4] },
    ],
  };
  return describeOp({ op: "parts", attributes, inputs: [rows], output: sums });
}

/** Every kernel that compiling the programs and their gradients asks for, once each. */
export async function kernelCorpus(): Promise<KernelDescription[]> {
  const found = new Map<string, KernelDescription>();
  const add = (name: string, numbers: readonly number[]): void => {
    found.set(`${name} ${numbers.join()}`, { name, numbers });
  };
  const native = (await openNative({ threads: 1 })) as Backend;
  const backend: Backend = {
    ...native,
    compile: (nest: LoopNest) => {
      add("nest", [...encodeNest(nest)]);
      return native.compile(nest);
    },
    claim: (request: OpRequest) => {
      const numbers = describeOp(request);
      if (numbers) add(request.op, numbers);
      return native.claim?.(request);
    },
  };
  await withBackend(backend, async () => {
    for (const [forward, inputs] of programs) {
      const step = compile((...given: Tensor[]) => {
        const result = forward(...given);
        return [result, ...grad(result, given)];
      });
      for (const result of await step(...inputs)) await result.data();
    }
  });
  await native.close?.();
  add("parts", smallParts() ?? []);
  return [...found.values()];
}
