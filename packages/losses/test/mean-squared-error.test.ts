import "@sconce/backend-cpu/register";
import { grad, tensor, zeros } from "@sconce/core";
import { meanSquaredError } from "@sconce/losses";
import { expect, test } from "vitest";

test("is the mean of squared differences, or their sum, or each", async () => {
  const [prediction, target] = [
    tensor([
      [1, 2],
      [3, 4],
    ]),
    tensor([
      [1, 0],
      [0, 4],
    ]),
  ];
  const loss = meanSquaredError(prediction, target);
  expect(await loss.item()).toBe(3.25);
  expect(await grad(loss, prediction).data()).toEqual(new Float32Array([0, 1, 1.5, 0]));
  expect(await meanSquaredError(prediction, target, { reduction: "sum" }).item()).toBe(13);
  expect(await meanSquaredError(prediction, target, { reduction: "none" }).array()).toEqual([
    [0, 4],
    [9, 0],
  ]);
});

test("does not broadcast", () => {
  expect(() => meanSquaredError(zeros([4, 1]), zeros([4]))).toThrow(
    /prediction has shape \[4, 1\], the target \[4\]; they must be equal.*squeeze/,
  );
  expect(() => meanSquaredError(zeros([1]), zeros([1]), { reduction: "max" as never })).toThrow(/reduction is max/);
});
