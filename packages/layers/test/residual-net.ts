/** A small network with the structure of ResNet, for tests. */
import { add, relu, type Tensor } from "@sconce/core";
import { BatchNorm2d, Conv2d, GlobalAveragePool, type Layer, Linear, Module, Sequential } from "@sconce/layers";

export class Block extends Module {
  conv1: Conv2d;
  bn1: BatchNorm2d;
  conv2: Conv2d;
  bn2: BatchNorm2d;
  downsample: Layer | undefined;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.conv1 = new Conv2d(inputs, outputs, { kernelSize: 3, stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(outputs);
    this.conv2 = new Conv2d(outputs, outputs, { kernelSize: 3, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(outputs);
    if (stride !== 1 || inputs !== outputs) {
      this.downsample = new Sequential(
        new Conv2d(inputs, outputs, { kernelSize: 1, stride, bias: false }),
        new BatchNorm2d(outputs),
      );
    }
  }

  override forward(x: Tensor): Tensor {
    const y = relu(this.bn1.forward(this.conv1.forward(x)));
    return relu(add(this.bn2.forward(this.conv2.forward(y)), this.downsample ? this.downsample.forward(x) : x));
  }
}

export class ResidualNet extends Module {
  conv1 = new Conv2d(3, 4, { kernelSize: 3, padding: 1, bias: false });
  bn1 = new BatchNorm2d(4);
  layer1 = new Sequential(new Block(4, 4, 1), new Block(4, 4, 1));
  layer2 = new Sequential(new Block(4, 8, 2));
  pool = new GlobalAveragePool();
  fc = new Linear(8, 5);

  override forward(x: Tensor): Tensor {
    const y = relu(this.bn1.forward(this.conv1.forward(x)));
    return this.fc.forward(this.pool.forward(this.layer2.forward(this.layer1.forward(y))));
  }
}
