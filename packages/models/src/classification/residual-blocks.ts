/** The blocks of residual networks (He et al. 2016): y = relu(branch(x) + x), where a projection fits x to the branch. */
import { add, relu, type Tensor } from "@sconce/core";
import { BatchNorm2d, Conv2d, constant, kaimingNormal, type Layer, Module, Sequential } from "@sconce/layers";

export interface ResidualBlockOptions {
  /** Of the 3x3 convolution that makes the maps smaller, and of the projection; 1 by default. */
  readonly stride?: number;
  /** Whether the branch starts as zero, so that the block starts as the identity; false by default. */
  readonly zeroInitResidual?: boolean;
}

/** A class of blocks: `new Block(inputs, width, options)` has `expansion` times `width` output channels. */
export interface ResidualBlock {
  new (inputs: number, width: number, options?: ResidualBlockOptions): Layer;
  readonly expansion: number;
}

/** A convolution without a bias, its initial values after He et al. 2015 for gradients. */
export function plainConv(inputs: number, outputs: number, kernelSize: number, stride = 1): Conv2d {
  return new Conv2d(inputs, outputs, {
    kernelSize,
    stride,
    padding: (kernelSize - 1) / 2,
    bias: false,
    weightInitializer: kaimingNormal({ mode: "fanOut" }),
  });
}

/** Fits x to the result of a branch where channels or extents differ. */
function projection(inputs: number, outputs: number, stride: number): Layer | undefined {
  if (stride === 1 && inputs === outputs) return undefined;
  return new Sequential(plainConv(inputs, outputs, 1, stride), new BatchNorm2d(outputs));
}

function lastNorm(channels: number, { zeroInitResidual = false }: ResidualBlockOptions): BatchNorm2d {
  return new BatchNorm2d(channels, { weightInitializer: constant(zeroInitResidual ? 0 : 1) });
}

/** Two 3x3 convolutions; x: [N, inputs, H, W] to [N, width, H / stride, W / stride]. */
export class BasicBlock extends Module {
  static readonly expansion: number = 1;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly downsample: Layer | undefined;

  constructor(inputs: number, width: number, options: ResidualBlockOptions = {}) {
    super();
    const { stride = 1 } = options;
    this.conv1 = plainConv(inputs, width, 3, stride);
    this.bn1 = new BatchNorm2d(width);
    this.conv2 = plainConv(width, width, 3);
    this.bn2 = lastNorm(width, options);
    this.downsample = projection(inputs, width, stride);
  }

  override forward(x: Tensor): Tensor {
    const y = relu(this.bn1.forward(this.conv1.forward(x)));
    return relu(add(this.bn2.forward(this.conv2.forward(y)), this.downsample?.forward(x) ?? x));
  }
}

/**
 * 1x1 to fewer channels, 3x3 between them, 1x1 to four times as many; x: [N, inputs, H, W] to
 * [N, 4 width, H / stride, W / stride]. As in torchvision the 3x3 convolution has the stride; in the paper the first has.
 */
export class Bottleneck extends Module {
  static readonly expansion: number = 4;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly downsample: Layer | undefined;

  constructor(inputs: number, width: number, options: ResidualBlockOptions = {}) {
    super();
    const { stride = 1 } = options;
    const outputs = width * Bottleneck.expansion;
    this.conv1 = plainConv(inputs, width, 1);
    this.bn1 = new BatchNorm2d(width);
    this.conv2 = plainConv(width, width, 3, stride);
    this.bn2 = new BatchNorm2d(width);
    this.conv3 = plainConv(width, outputs, 1);
    this.bn3 = lastNorm(outputs, options);
    this.downsample = projection(inputs, outputs, stride);
  }

  override forward(x: Tensor): Tensor {
    const y = relu(this.bn1.forward(this.conv1.forward(x)));
    const z = relu(this.bn2.forward(this.conv2.forward(y)));
    return relu(add(this.bn3.forward(this.conv3.forward(z)), this.downsample?.forward(x) ?? x));
  }
}
