/**
 * TensorFlow.js. usage: node tfjs.js BACKEND [THREADS] FOLDER, or for WebGPU node tfjs.js webgpu MODE FOLDER (see dawn.ts),
 * where FOLDER holds its node_modules
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { sampleOf } from "../answer.ts";
import {
  type ConvolutionLayer,
  count,
  initialValues,
  type Layer,
  type LinearLayer,
  parameterShapes,
} from "../layers.ts";
import { layersOf, type NetworkName } from "../networks.ts";
import { numbers } from "../numbers.ts";
import {
  type ConvolutionWork,
  extentAfter,
  type InferenceWork,
  type TrainingWork,
  trainingBatch,
  type Work,
} from "../workloads.ts";
import { type GpuMode, provideGpu } from "./dawn.ts";
import type { GpuMeter } from "./gpu-meter.ts";
import { serve, type Task } from "./serve.ts";
import { allowThreads } from "./tfjs-threads.ts";

interface TfTensor {
  readonly shape: readonly number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface TfVariable extends TfTensor {
  assign(value: TfTensor): void;
}

interface TfOptimizer {
  minimize(loss: () => TfTensor, returnCost: boolean, variables: readonly TfTensor[]): TfTensor;
}

/** What is used of @tensorflow/tfjs-core, which is installed only when it is measured. */
interface TensorFlow {
  readonly losses: { softmaxCrossEntropy(labels: TfTensor, logits: TfTensor): TfTensor };
  readonly train: {
    momentum(learningRate: number, momentum: number): TfOptimizer;
    sgd(learningRate: number): TfOptimizer;
  };
  add(a: TfTensor, b: TfTensor): TfTensor;
  backend(): WebGpuBackend;
  batchNorm(
    x: TfTensor,
    mean: TfTensor,
    variance: TfTensor,
    offset: TfTensor,
    scale: TfTensor,
    epsilon: number,
  ): TfTensor;
  clipByValue(x: TfTensor, minimum: number, maximum: number): TfTensor;
  concat(parts: readonly TfTensor[], axis: number): TfTensor;
  conv2d(x: TfTensor, filter: TfTensor, stride: number, padding: number): TfTensor;
  depthwiseConv2d(x: TfTensor, filter: TfTensor, stride: number, padding: number): TfTensor;
  env(): { set(flag: string, value: boolean): void };
  grads(fn: (...args: TfTensor[]) => TfTensor): (args: readonly TfTensor[], cotangent: TfTensor) => TfTensor[];
  keep<Kept extends TfTensor>(tensor: Kept): Kept;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  maxPool(x: TfTensor, size: number, stride: number, padding: number): TfTensor;
  mean(x: TfTensor, axes: readonly number[]): TfTensor;
  moments(x: TfTensor, axes: readonly number[]): { readonly mean: TfTensor; readonly variance: TfTensor };
  mul(a: TfTensor, b: number): TfTensor;
  ready(): Promise<void>;
  relu(x: TfTensor): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: readonly number[]): TfTensor;
  tidy<Result>(fn: () => Result): Result;
  transpose(x: TfTensor, order: readonly number[]): TfTensor;
  variable(initial: TfTensor, trainable?: boolean): TfVariable;
}

/** What is used of @tensorflow/tfjs-backend-wasm. */
interface WasmBackend {
  setWasmPaths(folder: string): void;
  setThreadsCount(threads: number): void;
  getThreadsCount(): number;
}

/** What is used of @tensorflow/tfjs-backend-webgpu. */
interface WebGpuBackend {
  readonly queue: GPUQueue;
  readonly commandEncoder: object | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

const [name, ...rest] = process.argv.slice(2);
const folder = rest.pop() as string;
const setting = rest[0] ?? "1";
const require = createRequire(join(folder, "package.json"));
let tf: TensorFlow;
let finish: () => Promise<unknown> = async () => {};
await serve(prepare, open);
process.exit();

async function open(): Promise<GpuMeter | undefined> {
  const meter = name === "webgpu" ? await provideGpu(setting as GpuMode) : undefined;
  tf = require("@tensorflow/tfjs-core") as TensorFlow;
  const library = require(`@tensorflow/tfjs-backend-${name}`) as WasmBackend;
  // Brings the gradients of core's ops, which core's own build for Node leaves out.
  require("@tensorflow/tfjs-layers");
  const threads = name === "wasm" ? Number(setting) : 1;
  if (name === "wasm") {
    const files = join(folder, "node_modules/@tensorflow/tfjs-backend-wasm");
    library.setWasmPaths(join(files, "dist/"));
    if (threads > 1) {
      tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
      allowThreads(join(files, "wasm-out/tfjs-backend-wasm-threaded-simd.js"), threads);
      library.setThreadsCount(threads);
    }
  }
  // The package's threads do not keep the process alive while they start.
  const alive = setInterval(() => {}, 1000);
  if (!(await tf.setBackend(name))) throw new Error(`backend ${name} did not open`);
  await tf.ready();
  clearInterval(alive);
  const opened = threads > 1 ? library.getThreadsCount() : threads;
  if (opened !== threads) throw new Error(`tfjs: ${opened} threads instead of ${threads}`);
  if (name === "webgpu") finish = () => finishWork(tf.backend());
  return meter;
}

/** Sends off what the backend has gathered, and waits until all is done. */
async function finishWork(backend: WebGpuBackend): Promise<void> {
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await backend.queue.onSubmittedWorkDone();
}

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
    case "inference":
      return inference(work);
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
    run: async () => {
      const results = tf.tidy(run);
      await finish();
      return results;
    },
    answer: async (results) => {
      const answers: number[] = [];
      const common = tf.tidy(() => toCommon(results));
      for (const result of common) answers.push(...sampleOf(await result.data()));
      for (const result of new Set([...results, ...common])) result.dispose();
      return answers;
    },
  };
}

function floats(shape: readonly number[], seed: number, scale?: number): TfTensor {
  return tf.tensor(numbers(count(shape), seed, scale), shape);
}

/** [N, C, H, W] to [N, H, W, C]. */
function toChannelsLast(x: TfTensor): TfTensor {
  return tf.transpose(x, [0, 2, 3, 1]);
}

/** [N, H, W, C] to [N, C, H, W]. */
function toChannelsFirst(x: TfTensor): TfTensor {
  return tf.transpose(x, [0, 3, 1, 2]);
}

/** [O, C, KH, KW] to [KH, KW, C, O], or of a depthwise convolution, where C is 1, to [KH, KW, O, 1]. */
function toFilter(weight: TfTensor, groups: number): TfTensor {
  return tf.transpose(weight, groups > 1 ? [2, 3, 0, 1] : [2, 3, 1, 0]);
}

/** [KH, KW, C, O] to [O, C, KH, KW]. */
function fromFilter(filter: TfTensor): TfTensor {
  return tf.transpose(filter, [3, 2, 0, 1]);
}

function convolution(work: ConvolutionWork): Task<readonly TfTensor[]> {
  const { batch, inputs, outputs, extent, kernel, stride, padding, groups, backward } = work;
  const x = toChannelsLast(floats([batch, inputs, extent, extent], 1));
  const filter = toFilter(floats([outputs, inputs / groups, kernel, kernel], 2, 0.05), groups);
  const convolve = groups > 1 ? tf.depthwiseConv2d : tf.conv2d;
  const forward = (x: TfTensor, filter: TfTensor): TfTensor => convolve(x, filter, stride, padding);
  if (!backward)
    return taskOf(
      () => [forward(x, filter)],
      ([y]) => [toChannelsFirst(y)],
    );
  const size = extentAfter(work);
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
  const given = tf.tensor(batch.x, work.shape);
  const x = work.shape.length === 4 ? toChannelsLast(given) : given;
  const oneHot = new Float32Array(work.labels * work.classes);
  batch.labels.forEach((label, i) => {
    oneHot[i * work.classes + label] = 1;
  });
  const labels = tf.tensor(oneHot, [work.labels, work.classes]);
  const { forward, variables } = network(work.network, true);
  if (work.optimizer.kind !== "sgd") throw new Error("tfjs: SGD only");
  const { learningRate, momentum } = work.optimizer;
  const optimizer = momentum === 0 ? tf.train.sgd(learningRate) : tf.train.momentum(learningRate, momentum);
  return taskOf(() => [optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, forward(x)), true, variables)]);
}

function inference({ network: name, shape }: InferenceWork): Task<readonly TfTensor[]> {
  const x = toChannelsLast(floats(shape, 1));
  const { forward } = network(name, false);
  return taskOf(() => [forward(x)]);
}

type Forward = (...inputs: readonly TfTensor[]) => TfTensor;

/** The network with channels last, in training or not, and its parameters. */
function network(
  name: NetworkName,
  training: boolean,
): {
  readonly forward: (x: TfTensor) => TfTensor;
  readonly variables: readonly TfTensor[];
} {
  const layers = layersOf(name);
  const shapes = new Map(parameterShapes(layers).map((parameter) => [parameter.name, parameter]));
  const variables: TfTensor[] = [];
  /** A parameter, brought into the library's order by `place`. */
  const parameter = (name: string, place: (x: TfTensor) => TfTensor = (x) => x): TfTensor => {
    const described = shapes.get(name);
    if (!described) throw new Error(`no parameter ${name}`);
    const made = tf.variable(place(tf.tensor(initialValues(described), described.shape)));
    variables.push(made);
    return made;
  };
  const made = layers.map((layer) => layerOf(layer, layers, parameter, training));
  const forward = (x: TfTensor): TfTensor => {
    const results: TfTensor[] = [];
    for (const [i, { of }] of layers.entries())
      results.push(made[i](...of.map((source) => (source < 0 ? x : results[source]))));
    return results[results.length - 1];
  };
  return { forward, variables };
}

type MakeParameter = (name: string, place?: (x: TfTensor) => TfTensor) => TfTensor;

function layerOf(layer: Layer, layers: readonly Layer[], parameter: MakeParameter, training: boolean): Forward {
  switch (layer.kind) {
    case "convolution":
      return convolutionLayer(layer, parameter);
    case "linear":
      return linearLayer(layer, layers[layer.of[0]], parameter);
    case "batchNorm":
      return batchNormLayer(layer.name, layer.channels, parameter, training);
    case "relu":
      return (x) => tf.relu(x);
    case "relu6":
      return (x) => tf.clipByValue(x, 0, 6);
    case "maxPool":
      return (x) => tf.maxPool(x, layer.size, layer.stride, layer.padding);
    case "globalMean":
      return (x) => tf.mean(x, [1, 2]);
    case "add":
      return (a, b) => tf.add(a, b);
    case "concatenate":
      return (...parts) => tf.concat(parts, 3);
    case "flatten":
      return (x) => tf.reshape(x, [x.shape[0], -1]);
    case "lstm":
      throw new Error("tfjs: no LSTM");
  }
}

function batchNormLayer(name: string, channels: number, parameter: MakeParameter, training: boolean): Forward {
  const [scale, offset] = [parameter(`${name}.weight`), parameter(`${name}.bias`)];
  const [mean, variance] = [0, 1].map((value) =>
    tf.variable(tf.tensor(new Float32Array(channels).fill(value), [channels]), false),
  );
  if (!training) return (x) => tf.batchNorm(x, mean, variance, offset, scale, 1e-5);
  const follow = (running: TfVariable, value: TfTensor, factor: number): void =>
    running.assign(tf.add(tf.mul(running, 0.9), tf.mul(value, 0.1 * factor)));
  return (x) => {
    const batch = tf.moments(x, [0, 1, 2]);
    const elements = count(x.shape) / channels;
    follow(mean, batch.mean, 1);
    follow(variance, batch.variance, elements / (elements - 1));
    return tf.batchNorm(x, batch.mean, batch.variance, offset, scale, 1e-5);
  };
}

function convolutionLayer(
  { name, stride, padding, groups, bias }: ConvolutionLayer,
  parameter: MakeParameter,
): Forward {
  const filter = parameter(`${name}.weight`, (weight) => toFilter(weight, groups));
  const convolve = groups > 1 ? tf.depthwiseConv2d : tf.conv2d;
  if (!bias) return (x) => convolve(x, filter, stride, padding);
  const summand = parameter(`${name}.bias`);
  return (x) => tf.add(convolve(x, filter, stride, padding), summand);
}

function linearLayer({ name, inputs }: LinearLayer, before: Layer | undefined, parameter: MakeParameter): Forward {
  const maps = before?.kind === "flatten" ? before.maps : [inputs];
  const matrix = parameter(`${name}.weight`, (weight) => inputsByOutputs(weight, maps));
  const summand = parameter(`${name}.bias`);
  return (x) => tf.add(tf.matMul(x, matrix), summand);
}

/** [outputs, inputs] to [inputs, outputs], with inputs that come from [C, H, W] reordered to [H, W, C]. */
function inputsByOutputs(weight: TfTensor, maps: readonly number[]): TfTensor {
  if (maps.length === 1) return tf.transpose(weight, [1, 0]);
  const [outputs, inputs] = weight.shape;
  return tf.reshape(tf.transpose(tf.reshape(weight, [outputs, ...maps]), [2, 3, 1, 0]), [inputs, outputs]);
}
