/**
 * SqueezeNet (Iandola et al. 2016, "AlexNet-level accuracy with 50x fewer parameters"): fire modules, which squeeze the
 * channels by a 1x1 convolution and expand them by 1x1 and 3x3 ones side by side; the logits are means of maps.
 *
 * Structure, names and initial values are torchvision's.
 */
import { concatenate, globalAveragePool, relu, type Tensor } from "@sconce/core";
import {
  Conv2d,
  type ConvolutionLayerOptions,
  constant,
  Dropout,
  kaimingUniform,
  type Layer,
  MaxPool2d,
  Module,
  normal,
  ReLU,
  Sequential,
} from "@sconce/layers";
import type { ClassifierOptions } from "./classifier-options.ts";

export interface SqueezeNetOptions extends ClassifierOptions {
  /** The probability of dropping an input of the last convolution, in training; 0.5 by default. */
  readonly dropout?: number;
}

function convolution(inputs: number, outputs: number, options: ConvolutionLayerOptions): Conv2d {
  return new Conv2d(inputs, outputs, {
    weightInitializer: kaimingUniform(),
    biasInitializer: constant(0),
    ...options,
  });
}

/** x: [N, inputs, H, W] to [N, 2 expanded, H, W]: the 1x1 results, then the 3x3 ones. */
export class Fire extends Module {
  readonly squeeze: Conv2d;
  readonly expand1x1: Conv2d;
  readonly expand3x3: Conv2d;

  constructor(inputs: number, squeezed: number, expanded: number) {
    super();
    this.squeeze = convolution(inputs, squeezed, { kernelSize: 1 });
    this.expand1x1 = convolution(squeezed, expanded, { kernelSize: 1 });
    this.expand3x3 = convolution(squeezed, expanded, { kernelSize: 3, padding: 1 });
  }

  override forward(x: Tensor): Tensor {
    const squeezed = relu(this.squeeze.forward(x));
    return relu(concatenate([this.expand1x1.forward(squeezed), this.expand3x3.forward(squeezed)], 1));
  }
}

/** images: [N, 3, H, W] to logits [N, numClasses]. `features` ends in 512 channels. */
export class SqueezeNet extends Module {
  readonly features: Sequential;
  readonly classifier: Sequential;

  constructor(features: readonly Layer[], { numClasses = 1000, dropout = 0.5 }: SqueezeNetOptions = {}) {
    super();
    this.features = new Sequential(...features);
    const last = convolution(512, numClasses, { kernelSize: 1, weightInitializer: normal(0, 0.01) });
    this.classifier = new Sequential(new Dropout(dropout), last, new ReLU());
  }

  override forward(images: Tensor): Tensor {
    return globalAveragePool(this.classifier.forward(this.features.forward(images)));
  }
}

/** Windows of 3 at a distance of 2, the last one where the map ends within it. */
function pool(): MaxPool2d {
  return new MaxPool2d(3, { stride: 2, ceilMode: true });
}

/** SqueezeNet 1.0, the paper's: 1,248,424 parameters. Images are at least 21 pixels high and wide. */
export function squeezenet10(options: SqueezeNetOptions = {}): SqueezeNet {
  const features = [
    convolution(3, 96, { kernelSize: 7, stride: 2 }),
    new ReLU(),
    pool(),
    new Fire(96, 16, 64),
    new Fire(128, 16, 64),
    new Fire(128, 32, 128),
    pool(),
    new Fire(256, 32, 128),
    new Fire(256, 48, 192),
    new Fire(384, 48, 192),
    new Fire(384, 64, 256),
    pool(),
    new Fire(512, 64, 256),
  ];
  return new SqueezeNet(features, options);
}

/** SqueezeNet 1.1, whose pools come earlier, at 2.4 times less work: 1,235,496 parameters. Images of at least 17 pixels. */
export function squeezenet11(options: SqueezeNetOptions = {}): SqueezeNet {
  const features = [
    convolution(3, 64, { kernelSize: 3, stride: 2 }),
    new ReLU(),
    pool(),
    new Fire(64, 16, 64),
    new Fire(128, 16, 64),
    pool(),
    new Fire(128, 32, 128),
    new Fire(256, 32, 128),
    pool(),
    new Fire(256, 48, 192),
    new Fire(384, 48, 192),
    new Fire(384, 64, 256),
    new Fire(512, 64, 256),
  ];
  return new SqueezeNet(features, options);
}
