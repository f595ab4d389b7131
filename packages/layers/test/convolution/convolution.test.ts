import "@sconce/backend-cpu/register";
import { ones, sum, zeros } from "@sconce/core";
import {
  Conv1d,
  Conv3d,
  ConvTranspose2d,
  DepthwiseSeparableConv2d,
  depthwiseConv2d,
  pointwiseConv2d,
} from "@sconce/layers";
import { expect, test } from "vitest";

test("a transposed convolution is the adjoint: it brings extents back, which outputPadding chooses", () => {
  const up = (outputPadding: number): ConvTranspose2d =>
    new ConvTranspose2d(2, 3, { kernelSize: 3, stride: 2, padding: 1, outputPadding });
  expect(up(0).forward(zeros([1, 2, 4, 4])).shape).toEqual([1, 3, 7, 7]);
  expect(up(1).forward(zeros([1, 2, 4, 4])).shape).toEqual([1, 3, 8, 8]);
  expect(up(0).weight.shape).toEqual([2, 3, 3, 3]);
});

test("depthwise and pointwise convolutions", async () => {
  const depthwise = depthwiseConv2d(3, { kernelSize: 3, padding: 1, multiplier: 2 });
  expect(depthwise.weight.shape).toEqual([6, 1, 3, 3]);
  expect(depthwise.forward(zeros([1, 3, 5, 5])).shape).toEqual([1, 6, 5, 5]);
  expect(pointwiseConv2d(3, 8, { bias: false }).weight.shape).toEqual([8, 3, 1, 1]);
  const separable = new DepthwiseSeparableConv2d(3, 8, { kernelSize: 3, stride: 2, bias: false });
  expect([...separable.namedParameters().keys()]).toEqual(["depthwise.weight", "pointwise.weight"]);
  expect(separable.forward(zeros([1, 3, 7, 7])).shape).toEqual([1, 8, 3, 3]);
});

test("a convolution over volumes sums its windows", async () => {
  const layer = new Conv3d(1, 1, { kernelSize: 2, bias: false, weightInitializer: (shape) => ones(shape) });
  expect(await sum(layer.forward(ones([1, 1, 3, 3, 3]))).item()).toBe(64);
});

test("errors show what was given and the fix", () => {
  expect(() => new Conv1d(2, 2, { kernelSize: [3, 3] })).toThrow(
    "Conv1d: kernelSize is [3, 3]; give one number, or [length].",
  );
  expect(() => new Conv1d(2, 2, { kernelSize: 3 }).forward(zeros([1, 9, 2]))).toThrow(
    "it must be [N, 2, L] for Param(weight",
  );
  expect(() => new Conv3d(1, 1, { kernelSize: 0 })).toThrow("Conv3d: kernelSize is 0");
  expect(() => new ConvTranspose2d(3, 2, { kernelSize: 3, groups: 2 })).toThrow(
    "3 inputs and 2 outputs do not divide into 2 groups",
  );
  expect(() => new ConvTranspose2d(3, 2, { kernelSize: 3 }).forward(zeros([1, 2, 4, 4]))).toThrow(
    "it must be [N, 3, H, W]",
  );
});
