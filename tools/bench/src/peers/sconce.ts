/** Sconce's side. usage: node sconce.js BACKEND */
import {
  type Backend,
  compile,
  conv2d,
  type DType,
  grad,
  matmul,
  openBackend,
  type Shape,
  setDefaultBackend,
  type Tensor,
  tensor,
  training,
  vjp,
} from "@sconce/core";
import { Conv2d, Flatten, type Layer, Linear, MaxPool2d, ReLU, Sequential } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { sgd } from "@sconce/optimizers";
import { sampleOf } from "../answer.ts";
import {
  type ConvolutionWork,
  initialParameters,
  type LayerParameters,
  type LayerShape,
  numbers,
  type TrainingWork,
  trainingBatch,
  type Work,
} from "../workloads.ts";
import { captureResNet18 } from "./resnet18.ts";
import { serve, type Task } from "./serve.ts";

const register: Readonly<Record<string, () => Promise<unknown>>> = {
  cpu: () => import("@sconce/backend-cpu/register"),
};

const [name] = process.argv.slice(2);
await register[name]();
const backend = await openBackend(name);
setDefaultBackend(backend);
await serve(prepare);

async function prepare(work: Work): Promise<Task> {
  switch (work.kind) {
    case "matmul":
      return multiplication(work.size);
    case "convolution":
      return work.backward ? convolutionBackward(work) : convolutionForward(work);
    case "training":
      return trainingStep(work);
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
      await backend.finish?.();
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
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensor(numbers(count, seed, scale), { shape });
}

function multiplication(size: number): Task<readonly Tensor[]> {
  const [a, b] = [floats([size, size], 1), floats([size, size], 2)];
  const product = compile((x: Tensor, y: Tensor) => [matmul(x, y)]);
  return taskOf(() => product(a, b));
}

function operands({ batch, inputs, outputs, extent, kernel }: ConvolutionWork): [Tensor, Tensor] {
  return [floats([batch, inputs, extent, extent], 1), floats([outputs, inputs, kernel, kernel], 2, 0.05)];
}

function convolutionForward(work: ConvolutionWork): Task<readonly Tensor[]> {
  const [x, weight] = operands(work);
  const { padding } = work;
  const convolution = compile((x: Tensor, weight: Tensor) => [conv2d(x, weight, { padding })]);
  return taskOf(() => convolution(x, weight));
}

function convolutionBackward(work: ConvolutionWork): Task<readonly Tensor[]> {
  const [x, weight] = operands(work);
  const { padding } = work;
  const cotangent = floats(conv2d(x, weight, { padding }).shape, 3);
  const step = compile((x: Tensor, weight: Tensor, cotangent: Tensor) => {
    const y = conv2d(x, weight, { padding });
    return [y, ...vjp(y, [x, weight], cotangent)];
  });
  return taskOf(() => step(x, weight, cotangent));
}

function trainingStep(work: TrainingWork): Task<readonly Tensor[]> {
  const parameters = initialParameters(work);
  const model = new Sequential(...work.layers.map((shape, i) => layerOf(shape, parameters[i])));
  const optimizer = sgd(model.parameters(), { learningRate: work.learningRate });
  const batch = trainingBatch(work);
  const x = tensor(batch.x, { shape: [work.batch, ...work.input] });
  const labels = tensor(batch.labels);
  const step = compile((x: Tensor, labels: Tensor) =>
    training(() => {
      const loss = crossEntropy(model.forward(x), labels);
      optimizer.update(grad(loss, model.parameters()));
      return [loss];
    }),
  );
  return taskOf(() => step(x, labels));
}

function layerOf(shape: LayerShape, parameters: LayerParameters | undefined): Layer {
  switch (shape.kind) {
    case "convolution":
      return withParameters(
        new Conv2d(shape.inputs, shape.outputs, { kernelSize: shape.kernel, padding: shape.padding }),
        parameters,
      );
    case "linear":
      return withParameters(new Linear(shape.inputs, shape.outputs), parameters);
    case "relu":
      return new ReLU();
    case "maxPool":
      return new MaxPool2d(shape.size);
    case "flatten":
      return new Flatten();
  }
}

function withParameters(layer: Conv2d | Linear, parameters: LayerParameters | undefined): Layer {
  if (!parameters) return layer;
  layer.weight.assign(tensor(parameters.weight, { shape: layer.weight.shape }));
  layer.bias?.assign(tensor(parameters.bias));
  return layer;
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
