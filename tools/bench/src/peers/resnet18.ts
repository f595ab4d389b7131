/** What becomes of ResNet-18's training step. */
import { openCpu } from "@sconce/backend-cpu";
import {
  type Backend,
  compile,
  grad,
  type Kernel,
  type Program,
  type Tensor,
  training,
  withBackend,
  zeros,
} from "@sconce/core";
import { crossEntropy } from "@sconce/losses";
import { resnet18 } from "@sconce/models";
import { sgd } from "@sconce/optimizers";

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
    const model = resnet18({ stem: "cifar", numClasses: 10 });
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
