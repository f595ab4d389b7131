/** A whole training step as one program: forward, backward, statistics, dropout and optimizer. */
import "@sconce/backend-cpu/register";
import { compile, grad, memoryUse, openBackend, setSeed, type Tensor, tensor, training } from "@sconce/core";
import { AvgPool2d, BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, Sequential } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { adam, type Optimizer, sgd } from "@sconce/optimizers";
import { expect, test } from "vitest";

function makeModel(): Sequential {
  return new Sequential(
    new Conv2d(1, 8, { kernelSize: 3, padding: 1, bias: false }),
    new BatchNorm2d(8),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(8, 16, { kernelSize: 3, padding: 1 }),
    new BatchNorm2d(16),
    new ReLU(),
    new AvgPool2d(2),
    new Flatten(),
    new Dropout(0.1),
    new Linear(64, 4),
  );
}

/** Images whose class is the quarter that is bright. */
function batch(seed: number): { images: Tensor; labels: Tensor } {
  const labels = Array.from({ length: 16 }, (_, i) => (i * 7 + seed) % 4);
  const pixels = labels.flatMap((label, i) =>
    Array.from({ length: 64 }, (_, at) => {
      const bright = Math.floor(at / 32) * 2 + Math.floor((at % 8) / 4) === label;
      return Number(bright) + 0.5 * Math.sin(97 * at * at + 31 * i + seed);
    }),
  );
  return { images: tensor(pixels, { shape: [16, 1, 8, 8] }), labels: tensor(labels, { dtype: "int32" }) };
}

test.each<[string, (model: Sequential) => Optimizer]>([
  ["adam", (model) => adam(model.parameters(), { learningRate: 0.01 })],
  ["sgd", (model) => sgd(model.parameters(), { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 })],
])("%s lowers the loss, and memory stays flat", async (_, make) => {
  setSeed(1);
  const backend = await openBackend("cpu");
  const model = makeModel();
  const optimizer = make(model);
  const step = compile((images: Tensor, labels: Tensor) =>
    training(() => {
      const loss = crossEntropy(model.forward(images), labels);
      optimizer.update(grad(loss, model.parameters()));
      return loss;
    }),
  );
  const losses: number[] = [];
  const bytes = async (): Promise<number> => {
    // Nothing is disposed of here: what nobody holds any more goes when the collector finds it.
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return memoryUse(backend).bytes;
  };
  let early = 0;
  for (let i = 0; i < 60; i++) {
    const { images, labels } = batch(i);
    const loss = await step(images, labels);
    losses.push(await loss.item());
    if (i === 5) early = await bytes();
  }
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  expect(mean(losses.slice(0, 3))).toBeGreaterThan(1);
  expect(mean(losses.slice(-5))).toBeLessThan(0.6 * mean(losses.slice(0, 3)));
  expect(await bytes()).toBe(early);
  expect(step.programs()).toHaveLength(1);

  // Inference, the default mode, on images not seen before.
  const predict = compile((images: Tensor) => model.forward(images).argmax({ axis: 1 }));
  const { images, labels } = batch(1000);
  const [found, expected] = [await (await predict(images)).data(), await labels.data()];
  expect([...found]).toEqual([...expected]);
});

test("two runs from one seed are equal to the bit", async () => {
  const run = async (): Promise<unknown> => {
    setSeed(5);
    const model = makeModel();
    const optimizer = adam(model.parameters());
    const step = compile((images: Tensor, labels: Tensor) =>
      training(() => {
        const loss = crossEntropy(model.forward(images), labels);
        optimizer.update(grad(loss, model.parameters()));
        return loss;
      }),
    );
    for (let i = 0; i < 4; i++) await step(batch(i).images, batch(i).labels);
    return [await model.stateDict(), await optimizer.stateDict()];
  };
  expect(await run()).toEqual(await run());
});
