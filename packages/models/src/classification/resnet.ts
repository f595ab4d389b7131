/**
 * Residual networks (He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition"): a stem, four stages of
 * residual blocks, each but the first halving the maps and doubling the channels, the mean of each map, a linear map.
 *
 * Structure, names and initial values are torchvision's.
 */
import { globalAveragePool, relu, type Tensor } from "@sconce/core";
import { BatchNorm2d, type Conv2d, Linear, MaxPool2d, Module, Sequential } from "@sconce/layers";
import type { ClassifierOptions } from "./classifier-options.ts";
import { BasicBlock, Bottleneck, plainConv, type ResidualBlock } from "./residual-blocks.ts";

export interface ResNetOptions extends ClassifierOptions {
  /** What comes before the blocks: "imagenet" makes the maps four times smaller, "cifar" is for images of some 32 pixels. */
  readonly stem?: "imagenet" | "cifar";
  /** Whether each block starts as the identity (Goyal et al. 2017); false by default. */
  readonly zeroInitResidual?: boolean;
}

/** How many blocks each stage has. */
export type StageDepths = readonly [number, number, number, number];

/** images: [N, 3, H, W] to logits [N, numClasses]. */
export class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly maxpool: MaxPool2d | undefined;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly fc: Linear;

  constructor(block: ResidualBlock, depths: StageDepths, options: ResNetOptions = {}) {
    super();
    const { stem = "imagenet", numClasses = 1000 } = options;
    const small = stem === "cifar";
    this.conv1 = small ? plainConv(3, 64, 3) : plainConv(3, 64, 7, 2);
    this.bn1 = new BatchNorm2d(64);
    this.maxpool = small ? undefined : new MaxPool2d(3, { stride: 2, padding: 1 });
    const widthOf = (width: number): number => width * block.expansion;
    const stage = (inputs: number, width: number, depth: number, stride: number): Sequential =>
      new Sequential(
        ...Array.from({ length: depth }, (_, i) =>
          i === 0 ? new block(inputs, width, { ...options, stride }) : new block(widthOf(width), width, options),
        ),
      );
    this.layer1 = stage(64, 64, depths[0], 1);
    this.layer2 = stage(widthOf(64), 128, depths[1], 2);
    this.layer3 = stage(widthOf(128), 256, depths[2], 2);
    this.layer4 = stage(widthOf(256), 512, depths[3], 2);
    this.fc = new Linear(widthOf(512), numClasses);
  }

  override forward(images: Tensor): Tensor {
    const y = relu(this.bn1.forward(this.conv1.forward(images)));
    const stages = [this.layer1, this.layer2, this.layer3, this.layer4];
    const maps = stages.reduce((x, stage) => stage.forward(x), this.maxpool?.forward(y) ?? y);
    return this.fc.forward(globalAveragePool(maps));
  }
}

/** ResNet-18: 11,689,512 parameters. */
export function resnet18(options: ResNetOptions = {}): ResNet {
  return new ResNet(BasicBlock, [2, 2, 2, 2], options);
}

/** ResNet-34: 21,797,672 parameters. */
export function resnet34(options: ResNetOptions = {}): ResNet {
  return new ResNet(BasicBlock, [3, 4, 6, 3], options);
}

/** ResNet-50: 25,557,032 parameters. */
export function resnet50(options: ResNetOptions = {}): ResNet {
  return new ResNet(Bottleneck, [3, 4, 6, 3], options);
}

/** ResNet-101: 44,549,160 parameters. */
export function resnet101(options: ResNetOptions = {}): ResNet {
  return new ResNet(Bottleneck, [3, 4, 23, 3], options);
}

/** ResNet-152: 60,192,808 parameters. */
export function resnet152(options: ResNetOptions = {}): ResNet {
  return new ResNet(Bottleneck, [3, 8, 36, 3], options);
}
