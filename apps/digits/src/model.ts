/** The network: a small residual network with batch normalisation (He et al. 2016), 0.8 million multiply-adds an image. */
import { relu, type Tensor } from "@sconce/core";
import { BatchNorm2d, Conv2d, GlobalAveragePool, type Layer, Linear, Module, ReLU, Sequential } from "@sconce/layers";

/** Two convolutions, and a path around them. */
class ResidualBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly shortcut: Layer | undefined;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.conv1 = new Conv2d(inputs, outputs, { kernelSize: 3, stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(outputs);
    this.conv2 = new Conv2d(outputs, outputs, { kernelSize: 3, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(outputs);
    if (stride !== 1 || inputs !== outputs) {
      const projection = new Conv2d(inputs, outputs, { kernelSize: 1, stride, bias: false });
      this.shortcut = new Sequential(projection, new BatchNorm2d(outputs));
    }
  }

  /** x: [N, inputs, H, W] to [N, outputs, H / stride, W / stride]. */
  override forward(x: Tensor): Tensor {
    const y = relu(this.bn1.forward(this.conv1.forward(x)));
    return relu(this.bn2.forward(this.conv2.forward(y)).add(this.shortcut?.forward(x) ?? x));
  }
}

/** Images [N, 1, 8, 8] to the logits of ten digits [N, 10]. */
export function createModel(): Layer {
  return new Sequential(
    new Conv2d(1, 16, { kernelSize: 3, padding: 1, bias: false }),
    new BatchNorm2d(16),
    new ReLU(),
    new ResidualBlock(16, 16, 1),
    new ResidualBlock(16, 32, 2),
    new ResidualBlock(32, 32, 1),
    new GlobalAveragePool(),
    new Linear(32, 10),
  );
}
