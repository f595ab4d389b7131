/**
 * VGG (Simonyan and Zisserman 2015, "Very deep convolutional networks for large-scale image recognition"): five stages of
 * 3x3 convolutions, each ending in a pool that halves the maps, then three fully connected layers.
 *
 * Structure, names and initial values are torchvision's. In the `Bn` variants batch normalization follows each convolution.
 */
import { adaptiveAvgPool2d, flatten, type Tensor } from "@sconce/core";
import {
  BatchNorm2d,
  Conv2d,
  constant,
  Dropout,
  kaimingNormal,
  type Layer,
  Linear,
  MaxPool2d,
  Module,
  normal,
  ReLU,
  Sequential,
} from "@sconce/layers";
import type { ClassifierOptions } from "./classifier-options.ts";

export interface VGGOptions extends ClassifierOptions {
  /** The probability of dropping an output of the fully connected layers, in training; 0.5 by default. */
  readonly dropout?: number;
  /** The width of the two fully connected layers before the last, which hold most of the parameters; 4096 by default. */
  readonly hidden?: number;
}

/** How many convolutions each stage has. */
export type VGGDepths = readonly [number, number, number, number, number];

const widths = [64, 128, 256, 512, 512];

function convolutions(depths: VGGDepths, normalized: boolean): Sequential {
  const layers: Layer[] = [];
  let inputs = 3;
  for (const [stage, depth] of depths.entries()) {
    const outputs = widths[stage];
    for (let i = 0; i < depth; i++) {
      const weightInitializer = kaimingNormal({ mode: "fanOut" });
      const biasInitializer = constant(0);
      layers.push(new Conv2d(inputs, outputs, { kernelSize: 3, padding: 1, weightInitializer, biasInitializer }));
      if (normalized) layers.push(new BatchNorm2d(outputs));
      layers.push(new ReLU());
      inputs = outputs;
    }
    layers.push(new MaxPool2d(2));
  }
  return new Sequential(...layers);
}

function linear(inputs: number, outputs: number): Linear {
  return new Linear(inputs, outputs, { weightInitializer: normal(0, 0.01), biasInitializer: constant(0) });
}

/** images: [N, 3, H, W], H and W at least 32, to logits [N, numClasses]. */
export class VGG extends Module {
  readonly features: Sequential;
  readonly classifier: Sequential;

  constructor(depths: VGGDepths, normalized: boolean, options: VGGOptions = {}) {
    super();
    const { numClasses = 1000, dropout = 0.5, hidden = 4096 } = options;
    this.features = convolutions(depths, normalized);
    this.classifier = new Sequential(
      linear(512 * 7 * 7, hidden),
      new ReLU(),
      new Dropout(dropout),
      linear(hidden, hidden),
      new ReLU(),
      new Dropout(dropout),
      linear(hidden, numClasses),
    );
  }

  override forward(images: Tensor): Tensor {
    const maps = adaptiveAvgPool2d(this.features.forward(images), 7);
    return this.classifier.forward(flatten(maps, 1));
  }
}

/** VGG-11: 132,863,336 parameters. */
export function vgg11(options: VGGOptions = {}): VGG {
  return new VGG([1, 1, 2, 2, 2], false, options);
}

/** VGG-11 with batch normalization: 132,868,840 parameters. */
export function vgg11Bn(options: VGGOptions = {}): VGG {
  return new VGG([1, 1, 2, 2, 2], true, options);
}

/** VGG-13: 133,047,848 parameters. */
export function vgg13(options: VGGOptions = {}): VGG {
  return new VGG([2, 2, 2, 2, 2], false, options);
}

/** VGG-13 with batch normalization: 133,053,736 parameters. */
export function vgg13Bn(options: VGGOptions = {}): VGG {
  return new VGG([2, 2, 2, 2, 2], true, options);
}

/** VGG-16: 138,357,544 parameters. */
export function vgg16(options: VGGOptions = {}): VGG {
  return new VGG([2, 2, 3, 3, 3], false, options);
}

/** VGG-16 with batch normalization: 138,365,992 parameters. */
export function vgg16Bn(options: VGGOptions = {}): VGG {
  return new VGG([2, 2, 3, 3, 3], true, options);
}

/** VGG-19: 143,667,240 parameters. */
export function vgg19(options: VGGOptions = {}): VGG {
  return new VGG([2, 2, 4, 4, 4], false, options);
}

/** VGG-19 with batch normalization: 143,678,248 parameters. */
export function vgg19Bn(options: VGGOptions = {}): VGG {
  return new VGG([2, 2, 4, 4, 4], true, options);
}
