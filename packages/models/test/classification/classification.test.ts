import { openCpu } from "@sconce/backend-cpu";
import "@sconce/backend-cpu/register";
import {
  ArgumentError,
  compile,
  evaluateAll,
  grad,
  memoryUse,
  randomUniform,
  ShapeError,
  setSeed,
  type Tensor,
  tensor,
  training,
  withBackend,
  zeros,
} from "@sconce/core";
import type { Layer } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { LeNet5, mobilenetV2, resnet18, resnet50, squeezenet11, vgg11, vgg11Bn, vgg19 } from "@sconce/models";
import { adam } from "@sconce/optimizers";
import { beforeEach, describe, expect, test } from "vitest";

beforeEach(() => setSeed(0));

const images = (size: number, batch = 1): Tensor => randomUniform([batch, 3, size, size], { seed: 1, low: -1 });

/** The standard deviation and the largest magnitude of a parameter's initial value. */
async function spread(model: Layer, name: string): Promise<{ deviation: number; largest: number }> {
  const values = await model.namedParameters().get(name)!.value.data();
  let squares = 0;
  let largest = 0;
  for (const value of values) {
    squares += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  return { deviation: Math.sqrt(squares / values.length), largest };
}

describe("initial values", () => {
  const fanOut = (channels: number): number => Math.sqrt(2 / (channels * 9));

  test("of residual networks keep the size of gradients", async () => {
    const model = resnet18();
    expect((await spread(model, "layer1.0.conv1.weight")).deviation / fanOut(64)).toBeCloseTo(1, 1);
    expect((await spread(model, "layer2.0.conv1.weight")).deviation / fanOut(128)).toBeCloseTo(1, 1);
    expect((await spread(model, "layer1.0.bn2.weight")).largest).toBe(1);
  });

  test("of VGG are normal, with deviation 0.01 in the linear layers", async () => {
    const model = vgg11({ hidden: 64 });
    expect((await spread(model, "features.3.weight")).deviation / fanOut(128)).toBeCloseTo(1, 1);
    expect((await spread(model, "classifier.3.weight")).deviation).toBeCloseTo(0.01, 3);
    expect((await spread(model, "classifier.3.bias")).largest).toBe(0);
    expect((await spread(model, "features.3.bias")).largest).toBe(0);
  });

  test("of SqueezeNet are uniform but in the last convolution", async () => {
    const model = squeezenet11();
    const bound = Math.sqrt(6 / (16 * 9));
    const { largest } = await spread(model, "features.3.expand3x3.weight");
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.99 * bound);
    expect((await spread(model, "classifier.1.weight")).deviation).toBeCloseTo(0.01, 3);
  });

  test("of MobileNetV2 count the channels of a group", async () => {
    const model = mobilenetV2();
    // Torch's fan out of a depthwise convolution is that of all its channels.
    expect((await spread(model, "features.2.conv.1.0.weight")).deviation / fanOut(96)).toBeCloseTo(1, 1);
    expect((await spread(model, "classifier.1.weight")).deviation).toBeCloseTo(0.01, 3);
  });
});

test.each([
  ["BasicBlock", resnet18],
  ["Bottleneck", resnet50],
] as const)("zeroInitResidual makes a %s an identity", async (_, make) => {
  const model = make({ zeroInitResidual: true, stem: "cifar" });
  const x = randomUniform([1, model.layer1[1].parameters()[0].shape[1], 4, 4], { seed: 1 });
  expect(await model.layer1[1].forward(x).array()).toEqual(await x.array());
});

test("a network takes no memory before it is used", async () => {
  const backend = openCpu();
  await withBackend(backend, async () => {
    expect(vgg19().parameters()).toHaveLength(38);
    expect(memoryUse(backend).bytes).toBe(0);
  });
});

test("weights go from one network to another by name", async () => {
  const first = squeezenet11({ numClasses: 4 });
  setSeed(1);
  const second = squeezenet11({ numClasses: 4 });
  const x = images(32);
  const expected = await first.forward(x).array();
  expect(await second.forward(x).array()).not.toEqual(expected);
  expect(second.loadStateDict(await first.stateDict())).toEqual({ missing: [], unexpected: [] });
  expect(await second.forward(x).array()).toEqual(expected);
});

test("a new classifier takes what fits of the old state when told so", async () => {
  const state = await mobilenetV2({ widthMultiplier: 0.35, numClasses: 3 }).stateDict();
  const model = mobilenetV2({ widthMultiplier: 0.35, numClasses: 5 });
  expect(() => model.loadStateDict(state)).toThrow("classifier.1.weight: shape [3, 1280] was given");
  const { "classifier.1.weight": _weight, "classifier.1.bias": _bias, ...features } = state;
  const { missing } = model.loadStateDict(features, { strict: false });
  expect(missing).toEqual(["classifier.1.weight", "classifier.1.bias"]);
});

describe.each<[string, () => Layer, number]>([
  ["resnet18", () => resnet18({ stem: "cifar", numClasses: 3 }), 8],
  ["resnet50", () => resnet50({ numClasses: 3 }), 32],
  ["vgg11Bn", () => vgg11Bn({ numClasses: 3, hidden: 16 }), 32],
  ["mobilenetV2", () => mobilenetV2({ numClasses: 3, widthMultiplier: 0.35 }), 32],
  ["squeezenet11", () => squeezenet11({ numClasses: 3 }), 32],
])("%s", (_, make, size) => {
  test("has finite gradients in training, which reach the first layer", async () => {
    const model = make();
    const gradients = training(() => {
      const loss = crossEntropy(model.forward(images(size, 2)), tensor([0, 2], { dtype: "int32" }));
      return grad(loss, model.parameters());
    });
    await evaluateAll(...gradients);
    const values = await Promise.all(gradients.map((gradient) => gradient.data()));
    expect(values.every((gradient) => gradient.every(Number.isFinite))).toBe(true);
    expect(values[0].some((value) => value !== 0)).toBe(true);
  });
});

test("LeNet5 learns which half of an image is bright", async () => {
  const model = new LeNet5({ numClasses: 2, imageSize: 12 });
  const optimizer = adam(model.parameters(), { learningRate: 3e-3 });
  const step = compile((x: Tensor, labels: Tensor) =>
    training(() => {
      const loss = crossEntropy(model.forward(x), labels);
      optimizer.update(grad(loss, optimizer.parameters));
      return loss;
    }),
  );
  const labels = Array.from({ length: 16 }, (_, i) => i % 2);
  const pixels = labels.flatMap((label) => Array.from({ length: 144 }, (_, p) => (p < 72 === (label === 0) ? 1 : 0)));
  const noise = randomUniform([16, 1, 12, 12], { seed: 1 });
  const x = tensor(pixels, { shape: [16, 1, 12, 12] }).add(noise);
  let loss = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 30; i++) loss = await (await step(x, tensor(labels, { dtype: "int32" }))).item();
  expect(loss).toBeLessThan(0.05);
});

describe("errors", () => {
  test("LeNet5 says which images it takes", () => {
    expect(() => new LeNet5().forward(zeros([2, 28, 28]))).toThrow(ShapeError);
    expect(() => new LeNet5().forward(zeros([2, 3, 28, 28]))).toThrow("[N, 1, 28, 28]");
    expect(() => new LeNet5({ imageSize: 11 })).toThrow(ArgumentError);
  });

  test("arguments that make no network are refused", () => {
    expect(() => resnet18({ numClasses: 0 })).toThrow(ArgumentError);
    expect(() => mobilenetV2({ widthMultiplier: 0 })).toThrow("widthMultiplier is 0");
    expect(() => vgg11({ dropout: 2 })).toThrow(ArgumentError);
  });

  test("images without the right channels are refused", () => {
    expect(() => resnet18().forward(zeros([1, 1, 32, 32]))).toThrow("[N, 3, H, W]");
  });
});
