/**
 * What the page and Node both do: train the network of apps/digits for some steps, from the same weights, on the same
 * images. By plain gradient descent: adaptive optimizers turn the sign of a rounding error into a whole step.
 */
import { type Backend, compile, grad, setSeed, type Tensor, training, withBackend } from "@sconce/core";
import { DataLoader } from "@sconce/data";
import { digits } from "@sconce/data/digits";
import { crossEntropy } from "@sconce/losses";
import { sgd } from "@sconce/optimizers";
import { createModel } from "../../../../apps/digits/src/model.ts";

/** The loss of each step. */
export function trainDigits<Buffer>(backend: Backend<Buffer>, steps: number): Promise<number[]> {
  return withBackend(backend as Backend, async () => {
    setSeed(1);
    const model = createModel();
    const optimizer = sgd(model.parameters(), { learningRate: 0.05 });
    const step = compile((images: Tensor, labels: Tensor) =>
      training(() => {
        const loss = crossEntropy(model.forward(images), labels);
        optimizer.update(grad(loss, model.parameters()));
        return loss;
      }),
    );
    const losses: number[] = [];
    const loader = new DataLoader(digits(), { batchSize: 16, shuffle: true, seed: 1, dropLast: true });
    for await (const { images, labels } of loader) {
      losses.push(await (await step(images, labels)).item());
      if (losses.length === steps) break;
    }
    return losses;
  });
}
