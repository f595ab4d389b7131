/** What is measured, described apart from any library. */
import { count, parameterShapes } from "./layers.ts";
import { layersOf, type NetworkName } from "./networks.ts";
import { numbers } from "./numbers.ts";

export interface ConvolutionWork {
  readonly kind: "convolution";
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Height and width. */
  readonly extent: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
  /** Whether both gradients are computed too. */
  readonly backward: boolean;
}

export type OptimizerSettings =
  | { readonly kind: "sgd"; readonly learningRate: number; readonly momentum: number }
  | { readonly kind: "adam"; readonly learningRate: number };

export interface TrainingWork {
  readonly kind: "training";
  readonly network: NetworkName;
  /** Shape of the input: images with channels first, sequences with time first. */
  readonly shape: readonly number[];
  /** How many labels a batch has; they are classified by the last axis of the network's output. */
  readonly labels: number;
  readonly classes: number;
  readonly optimizer: OptimizerSettings;
}

export interface InferenceWork {
  readonly kind: "inference";
  readonly network: NetworkName;
  readonly shape: readonly number[];
}

/** Forward only, but for "batchNorm", which normalizes over all axes but the second and computes all gradients too. */
export interface MapWork {
  /** "chain" is tanh(x a + b) sigmoid(x) + relu(x) with a = 1.5 and b = 0.1; the others are over the last axis. */
  readonly kind: "chain" | "softmax" | "batchNorm" | "moments";
  readonly shape: readonly number[];
}

export type Work =
  | { readonly kind: "matmul"; readonly size: number }
  | ConvolutionWork
  | TrainingWork
  | InferenceWork
  | MapWork
  /** ResNet-18's training step with the CIFAR stem, captured from nothing but not run. */
  | { readonly kind: "capture"; readonly batch: number }
  /** A program of so many kernels that do nothing. */
  | { readonly kind: "replay"; readonly kernels: number };

export interface Workload {
  readonly title: string;
  readonly work: Work;
  /** How many rounds have their answers compared, where rounding makes longer trainings drift apart; all by default. */
  readonly compared?: number;
}

const convolution: ConvolutionWork = {
  kind: "convolution",
  batch: 8,
  inputs: 64,
  outputs: 64,
  extent: 56,
  kernel: 3,
  stride: 1,
  padding: 1,
  groups: 1,
  backward: false,
};

const sgd = { kind: "sgd", learningRate: 0.05, momentum: 0 } as const;
const momentum = { kind: "sgd", learningRate: 0.001, momentum: 0.9 } as const;

function training(
  title: string,
  network: NetworkName,
  shape: readonly number[],
  classes: number,
  optimizer: OptimizerSettings,
  compared?: number,
): Workload {
  const labels = network === "lstm" ? shape[0] * shape[1] : shape[0];
  return {
    title: `training step, ${title}`,
    work: { kind: "training", network, shape, labels, classes, optimizer },
    ...(compared !== undefined && { compared }),
  };
}

/** ResNet-18 with the stem for small images. */
function resnet18Training(batch: number): Workload {
  const title = `ResNet-18 with CIFAR stem, 32x32, batch ${batch}, SGD with momentum`;
  return training(title, "resnet18-cifar", [batch, 3, 32, 32], 10, momentum, 2);
}

function inference(title: string, network: NetworkName, batch = 1, extent = 224): Workload {
  return {
    title: `inference, ${title}, ${extent}x${extent}, batch ${batch}`,
    work: { kind: "inference", network, shape: [batch, 3, extent, extent] },
  };
}

function matmul(size: number): Workload {
  return { title: `matmul ${size} x ${size} x ${size}`, work: { kind: "matmul", size } };
}

export const workloads: Readonly<Record<string, Workload>> = {
  "matmul-256": matmul(256),
  "matmul-512": matmul(512),
  "matmul-1024": matmul(1024),
  "matmul-2048": matmul(2048),
  "matmul-4096": matmul(4096),
  "conv-small": {
    title: "convolution 3x3, 64 to 64 channels, 14x14, batch 2",
    work: { ...convolution, batch: 2, extent: 14 },
  },
  "conv-forward": { title: "convolution 3x3, 64 to 64 channels, 56x56, batch 8", work: convolution },
  "conv-forward-32": {
    title: "convolution 3x3, 64 to 64 channels, 56x56, batch 32",
    work: { ...convolution, batch: 32 },
  },
  "conv-backward": {
    title: "the same convolution, forward and both gradients",
    work: { ...convolution, backward: true },
  },
  "conv-3x3-256": {
    title: "convolution 3x3, 256 to 256 channels, 14x14, batch 8",
    work: { ...convolution, inputs: 256, outputs: 256, extent: 14 },
  },
  "conv-1x1-256": {
    title: "convolution 1x1, 256 to 1024 channels, 14x14, batch 8",
    work: { ...convolution, inputs: 256, outputs: 1024, extent: 14, kernel: 1, padding: 0 },
  },
  "conv-7x7-3": {
    title: "convolution 7x7, stride 2, 3 to 64 channels, 224x224, batch 8",
    work: { ...convolution, inputs: 3, extent: 224, kernel: 7, stride: 2, padding: 3 },
  },
  "conv-depthwise": {
    title: "depthwise convolution 3x3, 144 channels, 56x56, batch 8",
    work: { ...convolution, inputs: 144, outputs: 144, groups: 144 },
  },
  "mlp-step": training("MLP 784-512-256-10, batch 128, SGD", "mlp", [128, 784], 10, sgd, 20),
  "lenet5-step": training("LeNet-5, batch 128, SGD", "lenet5", [128, 1, 28, 28], 10, sgd, 20),
  "resnet18-step": resnet18Training(32),
  "resnet18-step-2": resnet18Training(2),
  "resnet18-step-4": resnet18Training(4),
  "resnet18-step-128": resnet18Training(128),
  "resnet50-step": training(
    "ResNet-50, 224x224, batch 4, SGD with momentum",
    "resnet50",
    [4, 3, 224, 224],
    1000,
    momentum,
    1,
  ),
  "mobilenet-step": training(
    "MobileNetV2 without dropout, 96x96, batch 8, SGD with momentum",
    "mobilenet-v2",
    [8, 3, 96, 96],
    1000,
    momentum,
    2,
  ),
  "lstm-step": training(
    "LSTM, 2 layers of 256, 64 steps, batch 32, Adam",
    "lstm",
    [64, 32, 128],
    100,
    { kind: "adam", learningRate: 0.001 },
    2,
  ),
  resnet18: inference("ResNet-18", "resnet18"),
  resnet50: inference("ResNet-50", "resnet50"),
  "resnet50-batch8": inference("ResNet-50", "resnet50", 8),
  "resnet50-small": inference("ResNet-50", "resnet50", 1, 64),
  vgg16: inference("VGG-16", "vgg16"),
  squeezenet: inference("SqueezeNet 1.1", "squeezenet1.1"),
  mobilenet: inference("MobileNetV2", "mobilenet-v2"),
  chain: { title: "tanh(x a + b) sigmoid(x) + relu(x), 4 Mi numbers", work: { kind: "chain", shape: [2 ** 22] } },
  softmax: { title: "softmax [4096, 1000]", work: { kind: "softmax", shape: [4096, 1000] } },
  "batch-norm": {
    title: "batch normalization in training, forward and gradients, [32, 64, 56, 56]",
    work: { kind: "batchNorm", shape: [32, 64, 56, 56] },
  },
  moments: {
    title: "mean and variance over the last axis, [4096, 1024]",
    work: { kind: "moments", shape: [4096, 1024] },
  },
  "resnet18-capture": {
    title: "ResNet-18 training step, CIFAR stem, batch 8: traced, differentiated, planned and compiled",
    work: { kind: "capture", batch: 8 },
  },
  overhead: { title: "replay of a program of 1,000 kernels that do nothing", work: { kind: "replay", kernels: 1000 } },
};

/** A batch for training: examples, and their classes. */
export function trainingBatch({ shape, labels, classes }: TrainingWork): {
  readonly x: Float32Array;
  readonly labels: Int32Array;
} {
  return { x: numbers(count(shape), 1), labels: Int32Array.from({ length: labels }, (_, i) => (i * 7) % classes) };
}

/** Height and width of a convolution's result. */
export function extentAfter({ extent, kernel, stride, padding }: ConvolutionWork): number {
  return Math.floor((extent + 2 * padding - kernel) / stride) + 1;
}

/** Floating-point operations of a product or a convolution, two per multiply-add; undefined for other works. */
export function operationsOf(work: Work): number | undefined {
  if (work.kind === "matmul") return 2 * work.size ** 3;
  if (work.kind !== "convolution") return undefined;
  const { batch, inputs, outputs, kernel, groups, backward } = work;
  const forward = 2 * batch * outputs * extentAfter(work) ** 2 * (inputs / groups) * kernel ** 2;
  return backward ? 3 * forward : forward;
}

/** All that a process in another language must be told of a work. */
export function description(work: Work): object {
  if (work.kind !== "training" && work.kind !== "inference") return work;
  const layers = layersOf(work.network);
  return { ...work, layers, parameters: parameterShapes(layers) };
}
