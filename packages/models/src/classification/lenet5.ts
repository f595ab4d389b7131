/**
 * LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition"), as it is
 * built today: every map of one convolution goes into every map of the next, with ReLU for tanh and max pooling.
 */
import { flatten, formatShape, maxPool2d, relu, ShapeError, type Tensor } from "@sconce/core";
import { Conv2d, Linear, Module } from "@sconce/layers";

export interface LeNet5Options {
  /** 10, the digits, by default. */
  readonly numClasses?: number;
  /** 1, grey images, by default. */
  readonly inputChannels?: number;
  /** Height and width of the images, at least 12; 28 by default. */
  readonly imageSize?: number;
}

/** images: [N, inputChannels, imageSize, imageSize] to logits [N, numClasses]. */
export class LeNet5 extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;
  readonly #image: readonly number[];

  constructor({ numClasses = 10, inputChannels = 1, imageSize = 28 }: LeNet5Options = {}) {
    super();
    this.#image = [inputChannels, imageSize, imageSize];
    const side = Math.floor((Math.floor(imageSize / 2) - 4) / 2);
    // The padding makes 28 pixels the paper's 32.
    this.conv1 = new Conv2d(inputChannels, 6, { kernelSize: 5, padding: 2 });
    this.conv2 = new Conv2d(6, 16, { kernelSize: 5 });
    this.fc1 = new Linear(16 * side * side, 120);
    this.fc2 = new Linear(120, 84);
    this.fc3 = new Linear(84, numClasses);
  }

  override forward(images: Tensor): Tensor {
    const wanted = this.#image;
    if (images.rank !== 4 || wanted.some((extent, i) => images.shape[i + 1] !== extent)) {
      throw new ShapeError(
        `LeNet5: images have shape ${formatShape(images.shape)}; they must be [N, ${wanted.join(", ")}]. ` +
          "Give inputChannels and imageSize to the constructor, or add an axis with images.unsqueeze(1).",
      );
    }
    const c1 = maxPool2d(relu(this.conv1.forward(images)), { kernelSize: 2 });
    const c2 = maxPool2d(relu(this.conv2.forward(c1)), { kernelSize: 2 });
    const f1 = relu(this.fc1.forward(flatten(c2, 1)));
    return this.fc3.forward(relu(this.fc2.forward(f1)));
  }
}
