/** What is measured, described apart from any library: sizes, networks, and the numbers everybody computes with. */

export interface ConvolutionWork {
  readonly kind: "convolution";
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Height and width. */
  readonly extent: number;
  readonly kernel: number;
  readonly padding: number;
  /** Whether both gradients are computed too. */
  readonly backward: boolean;
}

/** A layer of a network; parameters are those of `convolution` and `linear`. */
export type LayerShape =
  | {
      readonly kind: "convolution";
      readonly inputs: number;
      readonly outputs: number;
      readonly kernel: number;
      readonly padding: number;
    }
  | { readonly kind: "linear"; readonly inputs: number; readonly outputs: number }
  | { readonly kind: "relu" }
  | { readonly kind: "maxPool"; readonly size: number }
  /** From channels, height and width, in that order. */
  | { readonly kind: "flatten"; readonly from: readonly [channels: number, height: number, width: number] };

export interface TrainingWork {
  readonly kind: "training";
  readonly batch: number;
  /** Shape of one example, channels first. */
  readonly input: readonly number[];
  readonly classes: number;
  readonly learningRate: number;
  readonly layers: readonly LayerShape[];
}

export type Work =
  | { readonly kind: "matmul"; readonly size: number }
  | ConvolutionWork
  | TrainingWork
  /** ResNet-18's training step with the CIFAR stem, captured from nothing but not run. */
  | { readonly kind: "capture"; readonly batch: number }
  /** A program of so many kernels that do nothing. */
  | { readonly kind: "replay"; readonly kernels: number };

const convolution = {
  kind: "convolution",
  batch: 8,
  inputs: 64,
  outputs: 64,
  extent: 56,
  kernel: 3,
  padding: 1,
} as const;

const mlp: TrainingWork = {
  kind: "training",
  batch: 128,
  input: [784],
  classes: 10,
  learningRate: 0.05,
  layers: [
    { kind: "linear", inputs: 784, outputs: 512 },
    { kind: "relu" },
    { kind: "linear", inputs: 512, outputs: 256 },
    { kind: "relu" },
    { kind: "linear", inputs: 256, outputs: 10 },
  ],
};

/** LeNet-5 (LeCun et al. 1998), with ReLU and max pooling as it is usually written today. */
const lenet5: TrainingWork = {
  kind: "training",
  batch: 128,
  input: [1, 28, 28],
  classes: 10,
  learningRate: 0.05,
  layers: [
    { kind: "convolution", inputs: 1, outputs: 6, kernel: 5, padding: 2 },
    { kind: "relu" },
    { kind: "maxPool", size: 2 },
    { kind: "convolution", inputs: 6, outputs: 16, kernel: 5, padding: 0 },
    { kind: "relu" },
    { kind: "maxPool", size: 2 },
    { kind: "flatten", from: [16, 5, 5] },
    { kind: "linear", inputs: 400, outputs: 120 },
    { kind: "relu" },
    { kind: "linear", inputs: 120, outputs: 84 },
    { kind: "relu" },
    { kind: "linear", inputs: 84, outputs: 10 },
  ],
};

export const workloads: Readonly<Record<string, { readonly title: string; readonly work: Work }>> = {
  "matmul-512": { title: "matmul 512 x 512 x 512", work: { kind: "matmul", size: 512 } },
  "conv-forward": {
    title: "convolution 3x3, 64 to 64 channels, 56x56, batch 8",
    work: { ...convolution, backward: false },
  },
  "conv-backward": {
    title: "the same convolution, forward and both gradients",
    work: { ...convolution, backward: true },
  },
  "mlp-step": { title: "training step, MLP 784-512-256-10, batch 128, SGD", work: mlp },
  "lenet5-step": { title: "training step, LeNet-5, batch 128, SGD", work: lenet5 },
  "resnet18-capture": {
    title: "ResNet-18 training step, CIFAR stem, batch 8: traced, differentiated, planned and compiled",
    work: { kind: "capture", batch: 8 },
  },
  overhead: { title: "replay of a program of 1,000 kernels that do nothing", work: { kind: "replay", kernels: 1000 } },
};

/** `count` numbers, evenly distributed between -scale and scale and the same everywhere (the generator is mulberry32). */
export function numbers(count: number, seed: number, scale = 1): Float32Array {
  let state = Math.imul(seed, 0x9e3779b9);
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return (((bits ^ (bits >>> 14)) >>> 0) / 2 ** 31 - 1) * scale;
  });
}

export interface LayerParameters {
  /** [outputs, inputs], or [outputs, inputs, kernel, kernel]. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** Initial parameters of a network, for each layer that has any. */
export function initialParameters({ layers }: TrainingWork): (LayerParameters | undefined)[] {
  return layers.map((layer, i) => {
    if (layer.kind !== "convolution" && layer.kind !== "linear") return undefined;
    const fanIn = layer.inputs * (layer.kind === "convolution" ? layer.kernel ** 2 : 1);
    const weight = numbers(layer.outputs * fanIn, 2 * i + 100, Math.sqrt(6 / fanIn));
    return { weight, bias: numbers(layer.outputs, 2 * i + 101, 0.1) };
  });
}

/** A batch for training: examples, and their classes. */
export function trainingBatch({ batch, input, classes }: TrainingWork): {
  readonly x: Float32Array;
  readonly labels: Int32Array;
} {
  const size = input.reduce((product, extent) => product * extent, batch);
  return { x: numbers(size, 1), labels: Int32Array.from({ length: batch }, (_, i) => (i * 7) % classes) };
}
