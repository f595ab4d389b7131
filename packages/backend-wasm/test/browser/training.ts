/** What every place does: opens the backend, and trains a small convolutional network for a few steps. */
import { openWasm, type WasmOptions } from "@sconce/backend-wasm";
import { arange, compile, grad, randomNormal, setSeed, type Tensor, training, withBackend } from "@sconce/core";
import { BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { adam } from "@sconce/optimizers";

/** What came of it; plain data, to cross from a page to the test. */
export interface Report {
  readonly losses: readonly number[];
  readonly threads: { readonly count: number; readonly reason?: string };
}

export async function trainSteps(options: WasmOptions): Promise<Report> {
  const backend = await openWasm(options);
  const losses = await withBackend(backend, async () => {
    setSeed(1);
    const model = new Sequential(
      new Conv2d(1, 8, { kernelSize: 3, padding: 1 }),
      new BatchNorm2d(8),
      new ReLU(),
      new MaxPool2d(2),
      new Flatten(),
      new Linear(128, 10),
    );
    const optimizer = adam(model.parameters());
    const step = compile((images: Tensor, labels: Tensor) =>
      training(() => {
        const loss = crossEntropy(model.forward(images), labels);
        optimizer.update(grad(loss, model.parameters()));
        return loss;
      }),
    );
    const images = randomNormal([16, 1, 8, 8]);
    const labels = arange(0, 16).remainder(10).cast("int32");
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push(await (await step(images, labels)).item());
    return losses;
  });
  await backend.close?.();
  return { losses, threads: backend.capabilities.threads };
}

/** The report, or the message of what went wrong. */
export function reportOf(options: WasmOptions): Promise<Report | string> {
  return trainSteps(options).catch((error: Error) => error.message);
}
