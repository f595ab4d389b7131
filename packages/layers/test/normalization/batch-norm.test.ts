import "@sconce/backend-cpu/register";
import { compile, inference, mean, sqrt, type Tensor, tensor, training, variance, zeros } from "@sconce/core";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from "@sconce/layers";
import { expect, test } from "vitest";

// Two channels: [1, 2, 3, 6] has mean 3 and variance 3.5 (unbiased 14 / 3); [0, 0, 4, 4] has mean 2 and variance 4 (unbiased 16 / 3).
const batch = (): Tensor =>
  tensor([
    [[[1, 2]], [[0, 0]]],
    [[[3, 6]], [[4, 4]]],
  ]);
const statistics = async (layer: BatchNorm2d): Promise<number[]> => {
  const { running_mean: mean, running_var: variance, num_batches_tracked: batches } = await layer.stateDict();
  return [...mean.data, ...variance.data, ...batches.data];
};

function expectClose(found: ArrayLike<number>, expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 5);
  });
}

test("training normalizes by the batch, and moves the running statistics to the unbiased ones", async () => {
  const layer = new BatchNorm2d(2, { epsilon: 0 });
  const y = await training(() => layer.forward(batch())).data();
  const [a, b] = [Math.sqrt(3.5), 2];
  expectClose(y, [-2 / a, -1 / a, -2 / b, -2 / b, 0, 3 / a, 2 / b, 2 / b]);
  expectClose(await statistics(layer), [0.3, 0.2, 0.9 + 1.4 / 3, 0.9 + 1.6 / 3, 1]);
  training(() => layer.forward(batch()));
  expectClose(await statistics(layer), [0.57, 0.38, 0.81 + (0.19 * 14) / 3, 0.81 + (0.19 * 16) / 3, 2]);
});

test("inference, the default, uses the running statistics and leaves them", async () => {
  const layer = new BatchNorm2d(2, { epsilon: 0.25 });
  const values = {
    running_mean: tensor([1, 2]),
    running_var: tensor([3.75, 0.75]),
    weight: tensor([1, 2]),
    bias: tensor([0, 1]),
  };
  layer.loadStateDict(values, { strict: false });
  const expected = [0, 0.5, -3, -3, 1, 2.5, 5, 5];
  expectClose(await layer.forward(batch()).data(), expected);
  expectClose(await training(() => inference(() => layer.forward(batch()))).data(), expected);
  expectClose(await statistics(layer), [1, 2, 3.75, 0.75, 0]);
});

test("momentum null takes the mean over all batches", async () => {
  const layer = new BatchNorm2d(2, { momentum: null });
  const other = batch().mul(3);
  training(() => layer.forward(batch()));
  expectClose(await statistics(layer), [3, 2, 14 / 3, 16 / 3, 1]);
  training(() => layer.forward(other));
  expectClose(await statistics(layer), [6, 4, (14 / 3) * 5, (16 / 3) * 5, 2]);
});

test("a compiled step updates the statistics at each replay, and the mode makes programs of their own", async () => {
  const layer = new BatchNorm2d(2);
  const step = compile((x: Tensor) => layer.forward(x));
  for (let i = 0; i < 3; i++) await training(() => step(batch()));
  const kept = 0.9 ** 3;
  expectClose(await statistics(layer), [
    3 * (1 - kept),
    2 * (1 - kept),
    kept + (1 - kept) * (14 / 3),
    kept + (1 - kept) * (16 / 3),
    3,
  ]);
  await step(batch());
  expect((await statistics(layer)).at(-1)).toBe(3);
  expect(step.programs()).toHaveLength(2);
});

test("without weight, bias or statistics", async () => {
  const layer = new BatchNorm2d(2, { affine: false, trackRunningStats: false, epsilon: 0 });
  expect(layer.variables()).toEqual([]);
  const [a, b] = [Math.sqrt(3.5), 2];
  expectClose(await layer.forward(batch()).data(), [-2 / a, -1 / a, -2 / b, -2 / b, 0, 3 / a, 2 / b, 2 / b]);
});

test("frozen parameters do not stop the statistics", async () => {
  const layer = new BatchNorm2d(2).freeze();
  training(() => layer.forward(batch()));
  expect((await statistics(layer)).at(-1)).toBe(1);
});

test("errors show what was given and the fix", () => {
  const layer = new BatchNorm2d(3);
  expect(() => layer.forward(zeros([2, 4, 1, 1]))).toThrow(/\[2, 4, 1, 1\]; it must be \[N, 3, H, W\]/);
  expect(() => training(() => layer.forward(zeros([1, 3, 1, 1])))).toThrow(/larger batch/);
  expect(() => new BatchNorm2d(3, { momentum: 2 })).toThrow(/momentum is 2/);
});

test("whose weight and bias are the batch's own deviation and mean is the identity", async () => {
  const x = tensor(
    Float32Array.from({ length: 120 }, (_, i) => 3 * Math.sin(i * i) + (i % 3)),
    { shape: [4, 3, 2, 5] },
  );
  const over = { axes: [0, 2, 3] };
  const layer = new BatchNorm2d(3, { epsilon: 0 });
  layer.loadStateDict({ weight: sqrt(variance(x, over)), bias: mean(x, over) }, { strict: false });
  const y = await training(() => layer.forward(x)).data();
  expectClose(y, [...(await x.data())]);
});

test("BatchNorm1d and BatchNorm3d say which shapes they take", () => {
  expect(() => new BatchNorm1d(3).forward(zeros([2, 4]))).toThrow("it must be [N, 3] or [N, 3, L]");
  expect(() => new BatchNorm1d(3).forward(zeros([2, 3, 1, 1]))).toThrow("it must be [N, 3] or [N, 3, L]");
  expect(() => new BatchNorm3d(3).forward(zeros([2, 3, 1, 1]))).toThrow("it must be [N, 3, D, H, W]");
});
