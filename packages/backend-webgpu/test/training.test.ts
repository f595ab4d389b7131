/** A small network of every claimed op, dropout included, trains as on the cpu backend, replayed and step by step. */
import { openCpu } from "@sconce/backend-cpu";
import {
  type Backend,
  compile,
  grad,
  maxPool2d,
  randomNormal,
  randomUniform,
  relu,
  setSeed,
  type Tensor,
  training,
  withBackend,
} from "@sconce/core";
import { BatchNorm2d, Conv2d, Dropout, Embedding, Linear } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { sgd } from "@sconce/optimizers";
import { afterAll, describe, expect, it } from "vitest";
import { openForTests } from "./device.ts";

const backend = await openForTests();
afterAll(() => backend?.close?.());

/** The loss of each step. */
function losses(on: Backend, steps: number): Promise<number[]> {
  return withBackend(on, async () => {
    setSeed(3);
    const convolution = new Conv2d(2, 6, { kernelSize: 3, padding: 1, bias: false });
    const layers = {
      norm: new BatchNorm2d(6),
      embedding: new Embedding(40, 24),
      dropout: new Dropout(0.2),
      linear: new Linear(24, 5),
    };
    const parts = [convolution, ...Object.values(layers)];
    const parameters = parts.flatMap((layer) => [...layer.parameters()]);
    const optimizer = sgd(parameters, { learningRate: 0.05, momentum: 0.5 });
    const step = compile((images: Tensor, tokens: Tensor, labels: Tensor) =>
      training(() => {
        const seen = maxPool2d(relu(layers.norm.forward(convolution.forward(images))), { kernelSize: 3, stride: 2 });
        const both = seen.reshape([20, 24]).add(layers.embedding.forward(tokens).mean({ axes: 1 }));
        const loss = crossEntropy(layers.linear.forward(layers.dropout.forward(both)), labels);
        optimizer.update(grad(loss, parameters));
        return loss;
      }),
    );
    const images = randomNormal([20, 2, 6, 6]);
    const tokens = randomUniform([20, 3], { low: 0, high: 40 }).floor().cast("int32");
    const labels = randomUniform([20], { low: 0, high: 5 }).floor().cast("int32");
    const found: number[] = [];
    for (let i = 0; i < steps; i++) found.push(await (await step(images, tokens, labels)).item());
    return found;
  });
}

describe.skipIf(!backend)("training", () => {
  it("gives the losses of the cpu backend within 1e-3 over 50 steps", async () => {
    const expected = await losses(openCpu() as Backend, 50);
    expect(expected[49]).toBeLessThan(expected[0]);
    const actual = await losses(backend as Backend, 50);
    expect(actual).toEqual(expected.map((loss) => expect.closeTo(loss, 3)));
  });
});
