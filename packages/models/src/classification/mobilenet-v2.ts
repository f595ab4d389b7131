/**
 * MobileNetV2 (Sandler et al. 2018, "Inverted residuals and linear bottlenecks"): blocks that widen few channels by a 1x1
 * convolution, convolve each channel on its own, and narrow them again without an activation; narrow ends are added.
 *
 * Structure, names and initial values are torchvision's.
 */
import { ArgumentError, add, globalAveragePool, type Tensor } from "@sconce/core";
import {
  BatchNorm2d,
  Conv2d,
  constant,
  Dropout,
  kaimingNormal,
  type Layer,
  Linear,
  Module,
  normal,
  ReLU6,
  Sequential,
} from "@sconce/layers";
import type { ClassifierOptions } from "./classifier-options.ts";

export interface MobileNetV2Options extends ClassifierOptions {
  /** Multiplies the channels of every layer, which stay multiples of 8; 1 by default. */
  readonly widthMultiplier?: number;
  /** The probability of dropping an input of the last layer, in training; 0.2 by default. */
  readonly dropout?: number;
}

/** The stages: expansion, channels, blocks and the stride of the first block (table 2 of the paper). */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

interface ConvolutionShape {
  readonly kernelSize: number;
  readonly stride?: number;
  readonly groups?: number;
}

function convolution(inputs: number, outputs: number, shape: ConvolutionShape): Layer[] {
  const weightInitializer = kaimingNormal({ mode: "fanOut" });
  const padding = (shape.kernelSize - 1) / 2;
  return [new Conv2d(inputs, outputs, { ...shape, padding, bias: false, weightInitializer }), new BatchNorm2d(outputs)];
}

function activated(inputs: number, outputs: number, shape: ConvolutionShape): Sequential {
  return new Sequential(...convolution(inputs, outputs, shape), new ReLU6());
}

/** The multiple of 8 nearest to `channels`, but never less than 90% of it. */
function toMultipleOf8(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}

/** x: [N, inputs, H, W] to [N, outputs, H / stride, W / stride]; `expansion` times `inputs` channels in between. */
export class InvertedResidual extends Module {
  readonly conv: Sequential;
  readonly #added: boolean;

  constructor(inputs: number, outputs: number, stride: number, expansion: number) {
    super();
    const hidden = inputs * expansion;
    this.conv = new Sequential(
      ...(expansion === 1 ? [] : [activated(inputs, hidden, { kernelSize: 1 })]),
      activated(hidden, hidden, { kernelSize: 3, stride, groups: hidden }),
      ...convolution(hidden, outputs, { kernelSize: 1 }),
    );
    this.#added = stride === 1 && inputs === outputs;
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv.forward(x);
    return this.#added ? add(x, y) : y;
  }
}

/** images: [N, 3, H, W] to logits [N, numClasses]. */
export class MobileNetV2 extends Module {
  readonly features: Sequential;
  readonly classifier: Sequential;

  constructor({ numClasses = 1000, widthMultiplier = 1, dropout = 0.2 }: MobileNetV2Options = {}) {
    super();
    if (!(widthMultiplier > 0 && Number.isFinite(widthMultiplier))) {
      throw new ArgumentError(
        `MobileNetV2: widthMultiplier is ${widthMultiplier}; give a positive number such as 0.5.`,
      );
    }
    let channels = toMultipleOf8(32 * widthMultiplier);
    const features: Layer[] = [activated(3, channels, { kernelSize: 3, stride: 2 })];
    for (const [expansion, width, blocks, stride] of stages) {
      const outputs = toMultipleOf8(width * widthMultiplier);
      for (let i = 0; i < blocks; i++) {
        features.push(new InvertedResidual(channels, outputs, i === 0 ? stride : 1, expansion));
        channels = outputs;
      }
    }
    const last = toMultipleOf8(1280 * Math.max(1, widthMultiplier));
    this.features = new Sequential(...features, activated(channels, last, { kernelSize: 1 }));
    const initial = { weightInitializer: normal(0, 0.01), biasInitializer: constant(0) };
    this.classifier = new Sequential(new Dropout(dropout), new Linear(last, numClasses, initial));
  }

  override forward(images: Tensor): Tensor {
    return this.classifier.forward(globalAveragePool(this.features.forward(images)));
  }
}

/** MobileNetV2: 3,504,872 parameters. */
export function mobilenetV2(options: MobileNetV2Options = {}): MobileNetV2 {
  return new MobileNetV2(options);
}
