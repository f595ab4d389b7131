/** The classifiers of the zoo, small: what they compute, and what a step of training makes of them, is as on cpu. */
import { openCpu } from "@sconce/backend-cpu";
import {
  type Backend,
  compile,
  grad,
  inference,
  randomUniform,
  setSeed,
  type Tensor,
  tensor,
  training,
  withBackend,
} from "@sconce/core";
import type { Layer } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { LeNet5, mobilenetV2, resnet18, squeezenet11 } from "@sconce/models";
import { sgd } from "@sconce/optimizers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openWasm } from "../../src/index.ts";

const models: Readonly<Record<string, { make: () => Layer; images: readonly number[]; mergedAtLeast: number }>> = {
  "LeNet-5": { make: () => new LeNet5(), images: [3, 1, 28, 28], mergedAtLeast: 5 },
  "ResNet-18": {
    make: () => resnet18({ numClasses: 10, stem: "cifar" }),
    images: [2, 3, 16, 16],
    mergedAtLeast: 17,
  },
  MobileNetV2: {
    make: () => mobilenetV2({ numClasses: 10, widthMultiplier: 0.25, dropout: 0 }),
    images: [2, 3, 64, 64],
    mergedAtLeast: 50,
  },
  "SqueezeNet 1.1": {
    make: () => squeezenet11({ numClasses: 10, dropout: 0 }),
    images: [1, 3, 48, 48],
    mergedAtLeast: 9,
  },
};

let cpu: Backend;
let wasm: Backend;

beforeAll(async () => {
  cpu = openCpu() as unknown as Backend;
  wasm = (await openWasm({ threads: 2 })) as unknown as Backend;
});

afterAll(async () => wasm.close?.());

interface Outcome {
  readonly logits: Float32Array;
  /** Before and after the step. */
  readonly losses: readonly number[];
  /** After the step. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Kernels that take the work of an elementwise nest in. */
  readonly merged: number;
}

async function outcome(backend: Backend, make: () => Layer, shape: readonly number[]): Promise<Outcome> {
  return withBackend(backend, async () => {
    setSeed(0);
    const model = make();
    const images = randomUniform(shape, { seed: 1, low: -1 });
    const labels = tensor(Int32Array.from({ length: shape[0] }, (_, i) => 3 * i));
    const forward = compile((x: Tensor) => inference(() => model.forward(x)));
    const logits = (await (await forward(images)).data()) as Float32Array;
    const optimizer = sgd(model.parameters(), { learningRate: 0.01 });
    const step = compile((x: Tensor, y: Tensor) =>
      training(() => {
        const loss = crossEntropy(model.forward(x), y);
        optimizer.update(grad(loss, model.parameters()));
        return loss;
      }),
    );
    const losses = [await (await step(images, labels)).item()];
    const weights = new Map<string, Float32Array>();
    for (const [name, { value }] of model.namedParameters()) weights.set(name, (await value.data()) as Float32Array);
    losses.push(await (await step(images, labels)).item());
    const { nodes } = forward.programs()[0];
    const merged = nodes.filter(({ name, work }) => work.kind === "claim" && name.includes("+")).length;
    return { logits, losses, weights, merged };
  });
}

/** The largest difference, as a share of the largest value; what ought to be 0 may be a rounding error. */
function difference(found: Float32Array, expected: Float32Array): number {
  let [largest, furthest] = [1e-2, 0];
  expected.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value));
    furthest = Math.max(furthest, Math.abs(value - found[i]));
  });
  return furthest / largest;
}

for (const [name, { make, images, mergedAtLeast }] of Object.entries(models)) {
  it(`trains ${name} as the cpu backend does`, async () => {
    const [expected, found] = [await outcome(cpu, make, images), await outcome(wasm, make, images)];
    expect(expected.merged).toBe(0);
    expect(found.merged).toBeGreaterThanOrEqual(mergedAtLeast);
    expect(difference(found.logits, expected.logits)).toBeLessThan(1e-4);
    expect(found.losses[0]).toBeCloseTo(expected.losses[0], 4);
    // Rounding may move an activation across a kink, which changes the gradients of a few images by percents.
    expect(found.losses[1]).toBeCloseTo(expected.losses[1], 2);
    for (const [key, weight] of found.weights)
      expect(difference(weight, expected.weights.get(key) as Float32Array), key).toBeLessThan(1e-2);
  });
}
