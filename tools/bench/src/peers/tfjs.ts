/** TensorFlow.js. usage: node tfjs.js BACKEND FOLDER, where FOLDER holds its node_modules */
import { createRequire } from "node:module";
import { join } from "node:path";
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
import { serve, type Task } from "./serve.ts";

interface TfTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
  dispose(): void;
}

interface TfOptimizer {
  minimize(loss: () => TfTensor, returnCost: boolean, variables: readonly TfTensor[]): TfTensor;
}

/** What is used of @tensorflow/tfjs-core, which is installed only when it is measured. */
interface TensorFlow {
  readonly losses: { softmaxCrossEntropy(labels: TfTensor, logits: TfTensor): TfTensor };
  readonly train: { sgd(learningRate: number): TfOptimizer };
  add(a: TfTensor, b: TfTensor): TfTensor;
  conv2d(x: TfTensor, filter: TfTensor, stride: number, padding: number): TfTensor;
  grads(fn: (...args: TfTensor[]) => TfTensor): (args: readonly TfTensor[], cotangent: TfTensor) => TfTensor[];
  keep<Kept extends TfTensor>(tensor: Kept): Kept;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  maxPool(x: TfTensor, size: number, stride: number, padding: "valid"): TfTensor;
  ready(): Promise<void>;
  relu(x: TfTensor): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: readonly number[]): TfTensor;
  tidy<Result>(fn: () => Result): Result;
  transpose(x: TfTensor, order: readonly number[]): TfTensor;
  variable(initial: TfTensor): TfTensor;
}

const [name, folder] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const tf = require("@tensorflow/tfjs-core") as TensorFlow;
require(`@tensorflow/tfjs-backend-${name}`);
// Brings the gradients of core's ops, which core's own build for Node leaves out.
require("@tensorflow/tfjs-layers");
if (!(await tf.setBackend(name))) throw new Error(`backend ${name} did not open`);
await tf.ready();
await serve(prepare);

async function prepare(work: Work): Promise<Task<readonly TfTensor[]>> {
  switch (work.kind) {
    case "matmul": {
      const [a, b] = [floats([work.size, work.size], 1), floats([work.size, work.size], 2)];
      return taskOf(() => [tf.matMul(a, b)]);
    }
    case "convolution":
      return convolution(work);
    case "training":
      return trainingStep(work);
    default:
      throw new Error(`tfjs: no work of kind ${work.kind}`);
  }
}

/** A task whose results are `run`'s; `toCommon` brings them into the order of elements that Sconce has. */
function taskOf(
  run: () => readonly TfTensor[],
  toCommon: (results: readonly TfTensor[]) => readonly TfTensor[] = (results) => results,
): Task<readonly TfTensor[]> {
  return {
    run: () => tf.tidy(run),
    answer: (results) => {
      const answers = tf.tidy(() => toCommon(results).flatMap((result) => sampleOf(result.dataSync())));
      for (const result of results) result.dispose();
      return answers;
    },
  };
}

function floats(shape: readonly number[], seed: number, scale?: number): TfTensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tf.tensor(numbers(count, seed, scale), shape);
}

/** [N, C, H, W] to [N, H, W, C]. */
function toChannelsLast(x: TfTensor): TfTensor {
  return tf.transpose(x, [0, 2, 3, 1]);
}

/** [N, H, W, C] to [N, C, H, W]. */
function toChannelsFirst(x: TfTensor): TfTensor {
  return tf.transpose(x, [0, 3, 1, 2]);
}

/** [O, C, KH, KW] to [KH, KW, C, O]. */
function toFilter(weight: TfTensor): TfTensor {
  return tf.transpose(weight, [2, 3, 1, 0]);
}

/** [KH, KW, C, O] to [O, C, KH, KW]. */
function fromFilter(filter: TfTensor): TfTensor {
  return tf.transpose(filter, [3, 2, 0, 1]);
}

function convolution({
  batch,
  inputs,
  outputs,
  extent,
  kernel,
  padding,
  backward,
}: ConvolutionWork): Task<readonly TfTensor[]> {
  const x = toChannelsLast(floats([batch, inputs, extent, extent], 1));
  const filter = toFilter(floats([outputs, inputs, kernel, kernel], 2, 0.05));
  const forward = (x: TfTensor, filter: TfTensor): TfTensor => tf.conv2d(x, filter, 1, padding);
  if (!backward)
    return taskOf(
      () => [forward(x, filter)],
      ([y]) => [toChannelsFirst(y)],
    );
  const size = extent + 2 * padding - kernel + 1;
  const cotangent = toChannelsLast(floats([batch, outputs, size, size], 3));
  let y: TfTensor | undefined;
  const gradients = tf.grads((x, filter) => {
    // The gradients' function keeps the result to itself.
    y = tf.keep(forward(x, filter));
    return y;
  });
  return taskOf(
    () => {
      const [gx, gw] = gradients([x, filter], cotangent);
      return [y as TfTensor, gx, gw];
    },
    ([y, gx, gw]) => [toChannelsFirst(y), toChannelsFirst(gx), fromFilter(gw)],
  );
}

function trainingStep(work: TrainingWork): Task<readonly TfTensor[]> {
  const batch = trainingBatch(work);
  const given = tf.tensor(batch.x, [work.batch, ...work.input]);
  const x = work.input.length === 3 ? toChannelsLast(given) : given;
  const oneHot = new Float32Array(work.batch * work.classes);
  batch.labels.forEach((label, i) => {
    oneHot[i * work.classes + label] = 1;
  });
  const labels = tf.tensor(oneHot, [work.batch, work.classes]);
  const { forward, variables } = network(work);
  const optimizer = tf.train.sgd(work.learningRate);
  return taskOf(() => [optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, forward(x)), true, variables)]);
}

type Forward = (x: TfTensor) => TfTensor;

/** The network with channels last, and its parameters. */
function network(work: TrainingWork): { readonly forward: Forward; readonly variables: readonly TfTensor[] } {
  const parameters = initialParameters(work);
  const variables: TfTensor[] = [];
  const variable = (values: TfTensor): TfTensor => {
    const made = tf.variable(values);
    variables.push(made);
    return made;
  };
  const layers = work.layers.map((layer, i) => layerOf(layer, work.layers[i - 1], parameters[i], variable));
  return { forward: (x) => layers.reduce((y, layer) => layer(y), x), variables };
}

function layerOf(
  layer: LayerShape,
  before: LayerShape | undefined,
  parameters: LayerParameters | undefined,
  variable: (values: TfTensor) => TfTensor,
): Forward {
  const { weight, bias } = parameters ?? { weight: new Float32Array(), bias: new Float32Array() };
  switch (layer.kind) {
    case "convolution": {
      const filter = variable(toFilter(tf.tensor(weight, [layer.outputs, layer.inputs, layer.kernel, layer.kernel])));
      const summand = variable(tf.tensor(bias, [layer.outputs]));
      return (x) => tf.add(tf.conv2d(x, filter, 1, layer.padding), summand);
    }
    case "linear": {
      const from = before?.kind === "flatten" ? before.from : [layer.inputs];
      const matrix = variable(inputsByOutputs(weight, layer.outputs, from));
      const summand = variable(tf.tensor(bias, [layer.outputs]));
      return (x) => tf.add(tf.matMul(x, matrix), summand);
    }
    case "relu":
      return tf.relu;
    case "maxPool":
      return (x) => tf.maxPool(x, layer.size, layer.size, "valid");
    case "flatten":
      return (x) => tf.reshape(x, [x.shape[0], -1]);
  }
}

/** [outputs, inputs] to [inputs, outputs], with inputs that come from [C, H, W] reordered to [H, W, C]. */
function inputsByOutputs(weight: Float32Array, outputs: number, from: readonly number[]): TfTensor {
  const given = tf.tensor(weight, [outputs, ...from]);
  if (from.length === 1) return tf.transpose(given, [1, 0]);
  return tf.reshape(tf.transpose(given, [2, 3, 1, 0]), [-1, outputs]);
}
