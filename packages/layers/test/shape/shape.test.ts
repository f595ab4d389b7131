import "@sconce/backend-cpu/register";
import { tensor, zeros } from "@sconce/core";
import {
  ChannelShuffle,
  PixelShuffle,
  PixelUnshuffle,
  ReflectionPad2d,
  Unflatten,
  Upsample,
  ZeroPad2d,
} from "@sconce/layers";
import { expect, test } from "vitest";

test("PixelUnshuffle undoes PixelShuffle", async () => {
  const x = tensor(
    Float32Array.from({ length: 108 }, (_, i) => i),
    { shape: [1, 18, 2, 3] },
  );
  const y = new PixelShuffle(3).forward(x);
  expect(y.shape).toEqual([1, 2, 6, 9]);
  expect(await new PixelUnshuffle(3).forward(y).data()).toEqual(await x.data());
});

test("a shuffle into g groups and one into C / g groups cancel", async () => {
  const x = tensor([[1, 2, 3, 4, 5, 6]]);
  const y = new ChannelShuffle(2).forward(x);
  expect([...(await y.data())]).toEqual([1, 4, 2, 5, 3, 6]);
  expect(await new ChannelShuffle(3).forward(y).data()).toEqual(await x.data());
});

test("errors show what was given and the fix", () => {
  expect(() => new PixelShuffle(2).forward(zeros([1, 6, 2, 2]))).toThrow("a multiple of 4 channels");
  expect(() => new PixelUnshuffle(2).forward(zeros([1, 6, 3, 2]))).toThrow("H and W multiples of 2");
  expect(() => new ChannelShuffle(4).forward(zeros([1, 6, 2]))).toThrow("a multiple of 4 channels");
  expect(() => new ZeroPad2d([1, 2, 3] as never)).toThrow(
    "padding is [1, 2, 3]; give one whole number, or [left, right, top, bottom]",
  );
  expect(() => new ReflectionPad2d(2).forward(zeros([1, 1, 2, 4]))).toThrow(/mode reflect cannot add \[2, 2\]/);
  expect(() => new Unflatten(1, [4, -1]).forward(zeros([2, 6]))).toThrow(
    /has 6 elements, which \[4, -1\] does not divide/,
  );
  expect(() => new Upsample({}).forward(zeros([1, 1, 2, 2]))).toThrow(
    /size is undefined, scaleFactor undefined; give one of them/,
  );
  expect(() => new Upsample({ scaleFactor: 2, alignCorners: true }).forward(zeros([1, 1, 2, 2]))).toThrow(
    /nearest has no corners/,
  );
  expect(() => new Upsample({ scaleFactor: 0.1 }).forward(zeros([1, 1, 2, 2]))).toThrow(
    /scaleFactor 0.1 makes 0 of 2 elements/,
  );
});
