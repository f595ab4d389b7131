import "@sconce/backend-cpu/register";
import { tensor, training, zeros } from "@sconce/core";
import { FrozenBatchNorm2d, GroupNorm, InstanceNorm2d, LayerNorm, LocalResponseNorm, RMSNorm } from "@sconce/layers";
import { describe, expect, test } from "vitest";

describe("FrozenBatchNorm2d", () => {
  test("normalizes by what it was given, in training too", async () => {
    const layer = new FrozenBatchNorm2d(2, { epsilon: 0 });
    layer.loadStateDict({
      weight: tensor([2, 1]),
      bias: tensor([0, 1]),
      running_mean: tensor([1, 0]),
      running_var: tensor([4, 1]),
    });
    const x = tensor([[[[3, 5]], [[2, -2]]]]);
    const expected = new Float32Array([2, 4, 3, -1]);
    expect(await layer.forward(x).data()).toEqual(expected);
    expect(await training(() => layer.forward(x)).data()).toEqual(expected);
  });

  test("has nothing to train, and torchvision's names", () => {
    const layer = new FrozenBatchNorm2d(2);
    expect(layer.parameters()).toEqual([]);
    expect(layer.stats().map(({ name }) => name)).toEqual(["weight", "bias", "running_mean", "running_var"]);
  });
});

test("errors show what was given and the fix", () => {
  expect(() => new FrozenBatchNorm2d(3).forward(zeros([2, 4, 1, 1]))).toThrow("it must be [N, 3, H, W]");
  expect(() => new LayerNorm(4).forward(zeros([2, 3]))).toThrow(/\[2, 3\] does not end in \[4\]/);
  expect(() => new LayerNorm([])).toThrow("the number of normalized axes is 0");
  expect(() => new RMSNorm([2, 4]).forward(zeros([4]))).toThrow("it must end in [2, 4]");
  expect(() => new GroupNorm(3, 4)).toThrow("4 channels do not divide into 3 groups");
  expect(() => new GroupNorm(2, 4).forward(zeros([1, 6, 2]))).toThrow("it must be [N, 4, ...]");
  expect(() => new InstanceNorm2d(3).forward(zeros([1, 3, 2]))).toThrow("it must be [N, 3, H, W]");
  expect(() => new LocalResponseNorm(3).forward(zeros([1, 3]))).toThrow("at least one more axis");
});
