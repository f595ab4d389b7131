import "@sconce/backend-cpu/register";
import { argmax, compile, grad, max, maxPool2d, randomNormal, sum, type Tensor } from "@sconce/core";
import { expect, it } from "vitest";

// Elements that need rounding: computed anew by another kernel, wider, they would not equal their own maximum.
const rounded = (x: Tensor): Tensor => x.mul(1.1).add(0.3).mul(0.7);
const input = (): Tensor => randomNormal([4, 6, 6], { seed: 1 });

it("argmax finds the maximum of what the same program computed", async () => {
  const found = await (await compile((x: Tensor) => argmax(rounded(x), { axis: 2 }))(input())).data();
  expect(found).toEqual(await argmax(await rounded(input()).detach(), { axis: 2 }).data());
  expect(Math.max(...found)).toBeLessThan(6);
});

it("the gradients of maxima arrive at one element each", async () => {
  const step = compile((x: Tensor) => {
    const y = rounded(x);
    return [sum(grad(sum(max(y, { axes: 2 })), y)), sum(grad(sum(maxPool2d(y.unsqueeze(0), { kernelSize: 2 })), y))];
  });
  const [reduced, pooled] = await step(input());
  expect(await reduced.item()).toBe(24);
  expect(await pooled.item()).toBe(36);
});
