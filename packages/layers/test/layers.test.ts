import "@sconce/backend-cpu/register";
import { compile, setSeed, type Tensor, tensor, training, zeros } from "@sconce/core";
import {
  AvgPool2d,
  Conv2d,
  Flatten,
  GlobalAveragePool,
  Identity,
  Linear,
  MaxPool2d,
  type Module,
  ReLU,
} from "@sconce/layers";
import { beforeEach, describe, expect, test } from "vitest";

beforeEach(() => setSeed(0));

const count = (shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    { shape },
  );

describe("Linear", () => {
  test("is x W^T + b on the last axis", async () => {
    const layer = new Linear(2, 3);
    layer.loadStateDict({
      weight: tensor([
        [1, 0],
        [0, 1],
        [1, 1],
      ]),
      bias: tensor([10, 20, 30]),
    });
    expect(await layer.forward(tensor([[1, 2]])).data()).toEqual(new Float32Array([11, 22, 33]));
    expect(layer.forward(zeros([4, 5, 2])).shape).toEqual([4, 5, 3]);
    expect(layer.forward(zeros([2])).shape).toEqual([3]);
  });

  test("starts within 1 / sqrt(inputs)", async () => {
    const { weight, bias } = await new Linear(100, 50).stateDict();
    for (const { data } of [weight, bias]) {
      expect(data.every((x) => Math.abs(x) <= 0.1)).toBe(true);
      expect(data.some((x) => Math.abs(x) > 0.08)).toBe(true);
    }
  });

  test("may go without bias", () => {
    expect([...new Linear(2, 3, { bias: false }).namedParameters().keys()]).toEqual(["weight"]);
  });

  test("errors show what was given and the fix", () => {
    expect(() => new Linear(2, 0)).toThrow("Linear: outputs is 0; give a whole number of at least 1.");
    expect(() => new Linear(8, 2).forward(zeros([1, 2, 2, 2]))).toThrow(
      /\[1, 2, 2, 2\]; its last axis must have the 8 inputs of Param\(weight.*flatten\(1\)/,
    );
  });
});

describe("Conv2d", () => {
  test("convolves, with everything that changes the geometry", () => {
    const x = zeros([2, 4, 9, 7]);
    const shape = (options: ConstructorParameters<typeof Conv2d>[2]): readonly number[] =>
      new Conv2d(4, 6, options).forward(x).shape;
    expect(shape({ kernelSize: 3 })).toEqual([2, 6, 7, 5]);
    expect(shape({ kernelSize: [3, 1], stride: [2, 1], padding: [1, 0] })).toEqual([2, 6, 5, 7]);
    expect(shape({ kernelSize: 3, padding: "same", dilation: 2 })).toEqual([2, 6, 9, 7]);
    expect(new Conv2d(4, 6, { kernelSize: 3, groups: 2 }).weight.shape).toEqual([6, 2, 3, 3]);
  });

  test("adds its bias per channel", async () => {
    const layer = new Conv2d(1, 2, { kernelSize: 2 });
    layer.loadStateDict({
      weight: tensor([
        [
          [
            [1, 1],
            [1, 1],
          ],
        ],
        [
          [
            [0, 0],
            [0, 1],
          ],
        ],
      ]),
      bias: tensor([0.5, -1]),
    });
    expect(await layer.forward(count([1, 1, 2, 2])).data()).toEqual(new Float32Array([6.5, 2]));
  });

  test("starts within 1 / sqrt(fanIn)", async () => {
    const { weight } = await new Conv2d(4, 16, { kernelSize: 5 }).stateDict();
    expect(weight.data.every((x) => Math.abs(x) <= 0.1)).toBe(true);
  });

  test("errors show what was given and the fix", () => {
    expect(() => new Conv2d(3, 8, { kernelSize: 3, groups: 2 })).toThrow(
      /3 inputs and 8 outputs do not divide into 2 groups/,
    );
    expect(() => new Conv2d(3, 8, { kernelSize: [3, 3, 3] })).toThrow(
      /kernelSize is \[3, 3, 3\]; give one number, or \[height, width\]/,
    );
    expect(() => new Conv2d(3, 8, { kernelSize: 3, stride: 2, padding: "same" })).toThrow(/only at stride 1/);
    expect(() => new Conv2d(3, 8, { kernelSize: 3 }).forward(zeros([2, 9, 9, 3]))).toThrow(
      /\[2, 9, 9, 3\]; it must be \[N, 3, H, W\] for Param\(weight/,
    );
  });
});

test("pools", async () => {
  const x = count([1, 1, 4, 4]);
  expect(await new MaxPool2d(2).forward(x).data()).toEqual(new Float32Array([5, 7, 13, 15]));
  expect(await new AvgPool2d(2).forward(x).data()).toEqual(new Float32Array([2.5, 4.5, 10.5, 12.5]));
  expect(new MaxPool2d(3, { stride: 2, padding: 1 }).forward(x).shape).toEqual([1, 1, 2, 2]);
  expect(await new AvgPool2d(3, { stride: 2, padding: 1, countIncludePad: false }).forward(x).data()).toEqual(
    new Float32Array([2.5, 4, 8.5, 10]),
  );
  const pooled = new GlobalAveragePool().forward(count([2, 3, 2, 2]));
  expect(pooled.shape).toEqual([2, 3]);
  expect(await pooled.data()).toEqual(new Float32Array([1.5, 5.5, 9.5, 13.5, 17.5, 21.5]));
});

test("layers without parameters", async () => {
  expect(await new ReLU().forward(tensor([-1, 2])).data()).toEqual(new Float32Array([0, 2]));
  expect(new Flatten().forward(zeros([2, 3, 4, 5])).shape).toEqual([2, 60]);
  expect(new Flatten(0, 1).forward(zeros([2, 3, 4])).shape).toEqual([6, 4]);
  const x = zeros([2]);
  expect(new Identity().forward(x)).toBe(x);
});

test("every layer gives the same inside compile", async () => {
  const layers: [Module & { forward(x: Tensor): Tensor }, number[]][] = [
    [new Linear(3, 2), [4, 3]],
    [new Conv2d(2, 3, { kernelSize: 3, padding: 1 }), [1, 2, 5, 5]],
    [new MaxPool2d(2), [1, 2, 4, 4]],
    [new AvgPool2d(2), [1, 2, 4, 4]],
    [new Flatten(), [2, 3, 2]],
  ];
  for (const [layer, shape] of layers) {
    const x = count(shape);
    const plain = await training(() => layer.forward(x)).data();
    const captured = await (await compile((input: Tensor) => layer.forward(input))(x)).data();
    plain.forEach((value, i) => {
      expect(captured[i]).toBeCloseTo(value, 4);
    });
  }
});
