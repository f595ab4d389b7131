/** ResNet-18 with the CIFAR stem (He et al. 2016), and what becomes of its training step. */
import { openCpu } from "@sconce/backend-cpu";
import {
  add,
  type Backend,
  compile,
  grad,
  type Kernel,
  type Program,
  relu,
  type Tensor,
  training,
  withBackend,
  zeros,
} from "@sconce/core";
import { BatchNorm2d, Conv2d, GlobalAveragePool, type Layer, Linear, Module, Sequential } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { sgd } from "@sconce/optimizers";

class BasicBlock extends Module {
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
      const projection = new Conv2d(inputs, outputs, { kernelSize: 1, stride, bias: false });
      this.downsample = new Sequential(projection, new BatchNorm2d(outputs));
    }
  }

  override forward(x: Tensor): Tensor {
    const y = relu(this.bn1.forward(this.conv1.forward(x)));
    return relu(add(this.bn2.forward(this.conv2.forward(y)), this.downsample ? this.downsample.forward(x) : x));
  }
}

class ResNet18 extends Module {
  conv1 = new Conv2d(3, 64, { kernelSize: 3, padding: 1, bias: false });
  bn1 = new BatchNorm2d(64);
  stages = [64, 128, 256, 512].map(
    (width, i, widths) =>
      new Sequential(new BasicBlock(widths[i - 1] ?? 64, width, i === 0 ? 1 : 2), new BasicBlock(width, width, 1)),
  );
  pool = new GlobalAveragePool();
  fc = new Linear(512, 10);

  override forward(x: Tensor): Tensor {
    const stem = relu(this.bn1.forward(this.conv1.forward(x)));
    return this.fc.forward(this.pool.forward(this.stages.reduce((h, stage) => stage.forward(h), stem)));
  }
}

/** A cpu backend that compiles everything and runs nothing, so that what is left is the work of the compiler. */
function compileOnly(): Backend {
  const cpu = openCpu() as unknown as Backend;
  const idle = (kernel: Kernel): Kernel => ({ name: kernel.name, run: () => {} });
  return {
    ...cpu,
    compile: (nest) => idle(cpu.compile(nest) as Kernel),
    claim: (request) => {
      const kernel = cpu.claim?.(request) as Kernel | undefined;
      return kernel && idle(kernel);
    },
  };
}

/** Traces, differentiates, plans and compiles a training step with momentum, from nothing, without running it. */
export async function captureResNet18(batch: number): Promise<Program> {
  return withBackend(compileOnly(), async () => {
    const model = new ResNet18();
    const optimizer = sgd(model.parameters(), { learningRate: 0.1, momentum: 0.9 });
    const step = compile((images: Tensor, labels: Tensor) =>
      training(() => {
        const loss = crossEntropy(model.forward(images), labels);
        optimizer.update(grad(loss, model.parameters()));
        return loss;
      }),
    );
    await step(zeros([batch, 3, 32, 32]), zeros([batch], "int32"));
    return step.programs()[0];
  });
}
