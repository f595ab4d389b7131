/** Sconce's side. usage: node sconce.js BACKEND [THREADS], or for WebGPU node sconce.js webgpu MODE (see dawn.ts) */
import {
  add,
  type Backend,
  batchNormTraining,
  compile,
  conv2d,
  type DType,
  matmul,
  mean,
  multiply,
  openBackend,
  relu,
  type Shape,
  setDefaultBackend,
  sigmoid,
  softmax,
  type Tensor,
  tanh,
  tensor,
  variance,
  vjp,
} from "@sconce/core";
import { sampleOf } from "../answer.ts";
import { count } from "../layers.ts";
import { numbers } from "../numbers.ts";
import type { ConvolutionWork, MapWork, Work } from "../workloads.ts";
import { type GpuMode, provideGpu } from "./dawn.ts";
import { captureResNet18 } from "./resnet18.ts";
import { inferenceRun, trainingStep } from "./sconce-models.ts";
import { serve, type Task, Unavailable } from "./serve.ts";

/** Not among this package's dependencies: where it is installed, it is measured. */
const native: string = "@sconce/backend-native";

const backends: Readonly<Record<string, (threads: number) => Promise<unknown>>> = {
  cpu: async () => {
    await import("@sconce/backend-cpu/register");
    return openBackend("cpu");
  },
  wasm: async (threads) => (await import("@sconce/backend-wasm")).openWasm({ threads }),
  webgpu: async () => (await import("@sconce/backend-webgpu")).openWebGpu(),
  native: async (threads) => {
    try {
      const module = (await import(native)) as { openNative(options: { threads: number }): Promise<unknown> };
      return await module.openNative({ threads });
    } catch (error) {
      throw new Unavailable(`the backend "native" does not open: ${(error as Error).message}`);
    }
  },
};

const [name, setting = "1"] = process.argv.slice(2);
let backend: Backend | undefined;
await serve(
  (work) => {
    setDefaultBackend(backend as Backend);
    return prepare(work);
  },
  async () => {
    const meter = name === "webgpu" ? await provideGpu(setting as GpuMode) : undefined;
    backend = (await backends[name](Number(setting))) as Backend;
    return meter;
  },
);

async function prepare(work: Work): Promise<Task> {
  switch (work.kind) {
    case "matmul":
      return multiplication(work.size);
    case "convolution":
      return work.backward ? convolutionBackward(work) : convolutionForward(work);
    case "training":
      return taskOf(trainingStep(work));
    case "inference":
      return taskOf(inferenceRun(work));
    case "chain":
    case "softmax":
    case "batchNorm":
    case "moments":
      return map(work);
    case "capture":
      return { run: () => captureResNet18(work.batch), answer: () => [] };
    case "replay":
      return replay(work.kernels);
  }
}

/** A task that calls `step` and takes its answer from all that it returns. */
function taskOf(step: () => Promise<readonly Tensor[]>): Task<readonly Tensor[]> {
  return {
    run: async () => {
      const results = await step();
      await backend?.finish?.();
      return results;
    },
    answer: async (results) => {
      const answers: number[] = [];
      for (const result of results) {
        answers.push(...sampleOf(await result.data()));
        result.dispose();
      }
      return answers;
    },
  };
}

function floats(shape: Shape, seed: number, scale?: number): Tensor {
  return tensor(numbers(count(shape), seed, scale), { shape });
}

function multiplication(size: number): Task<readonly Tensor[]> {
  const [a, b] = [floats([size, size], 1), floats([size, size], 2)];
  const product = compile((x: Tensor, y: Tensor) => [matmul(x, y)]);
  return taskOf(() => product(a, b));
}

function operands({ batch, inputs, outputs, extent, kernel, groups }: ConvolutionWork): [Tensor, Tensor] {
  return [floats([batch, inputs, extent, extent], 1), floats([outputs, inputs / groups, kernel, kernel], 2, 0.05)];
}

function convolutionForward(work: ConvolutionWork): Task<readonly Tensor[]> {
  const [x, weight] = operands(work);
  const convolution = compile((x: Tensor, weight: Tensor) => [conv2d(x, weight, work)]);
  return taskOf(() => convolution(x, weight));
}

function convolutionBackward(work: ConvolutionWork): Task<readonly Tensor[]> {
  const [x, weight] = operands(work);
  const cotangent = floats(conv2d(x, weight, work).shape, 3);
  const step = compile((x: Tensor, weight: Tensor, cotangent: Tensor) => {
    const y = conv2d(x, weight, work);
    return [y, ...vjp(y, [x, weight], cotangent)];
  });
  return taskOf(() => step(x, weight, cotangent));
}

function map({ kind, shape }: MapWork): Task<readonly Tensor[]> {
  const x = floats(shape, 1);
  if (kind === "batchNorm") return normalization(x);
  const functions = {
    chain: (x: Tensor) => [add(multiply(tanh(add(multiply(x, 1.5), 0.1)), sigmoid(x)), relu(x))],
    softmax: (x: Tensor) => [softmax(x)],
    moments: (x: Tensor) => [mean(x, { axes: -1 }), variance(x, { axes: -1 })],
  };
  const compiled = compile(functions[kind]);
  return taskOf(() => compiled(x));
}

/** Batch normalization with a weight and a bias per channel, and the gradients of all three. */
function normalization(x: Tensor): Task<readonly Tensor[]> {
  const channels = x.shape[1];
  const [weight, bias, cotangent] = [floats([channels], 2), floats([channels], 3), floats(x.shape, 4)];
  const step = compile((x: Tensor, weight: Tensor, bias: Tensor, cotangent: Tensor) => {
    const { output } = batchNormTraining(x, { weight, bias });
    return [output, ...vjp(output, [x, weight, bias], cotangent)];
  });
  return taskOf(() => step(x, weight, bias, cotangent));
}

/** Replays of a program whose kernels do nothing, on a backend that does nothing: what is left is the machinery. */
async function replay(kernels: number): Promise<Task> {
  const idle: Backend<object> = {
    name: "idle",
    capabilities: {
      dtypes: ["float32"] satisfies DType[],
      maximumInputs: 16,
      maximumOutputs: 16,
      synchronousReads: false,
      threads: { count: 1 },
    },
    allocate: () => ({}),
    release: () => {},
    write: () => {},
    read: async (_, byteLength) => new ArrayBuffer(byteLength),
    compile: () => ({ run: () => {} }),
    claim: () => ({ run: () => {} }),
  };
  setDefaultBackend(idle as Backend);
  const [x, weight] = [floats([2, 2], 1), floats([2, 2], 2)];
  const program = compile((x: Tensor, weight: Tensor) => {
    let y = x;
    for (let i = 0; i < kernels; i++) y = matmul(y, weight);
    return y;
  });
  (await program(x, weight)).dispose();
  const made = program.programs()[0].nodes.length;
  if (made !== kernels) throw new Error(`the program has ${made} kernels instead of ${kernels}`);
  const repeats = 100;
  return {
    repeats,
    run: async () => {
      for (let i = 0; i < repeats; i++) (await program(x, weight)).dispose();
    },
    answer: () => [],
  };
}
