import { beforeAll, describe, expect, it } from "vitest";
import "@sconce/backend-cpu/register";
import { compile, explain, grad, matmul, openBackend, Param, randomNormal, scalar, tensor, conv2d } from "@sconce/core";
beforeAll(async () => { await openBackend("cpu"); });
describe("smoke", () => {
  it("adds", async () => {
    expect(await tensor([1, 2, 3]).add(1).mul(2).array()).toEqual([4, 6, 8]);
  });
  it("reduces, softmax", async () => {
    const x = tensor([[1, 2, 3], [4, 5, 7]]);
    expect(await x.sum({ axes: 1 }).array()).toEqual([6, 16]);
    expect(await x.transpose().array()).toEqual([[1, 4], [2, 5], [3, 7]]);
    console.log(await x.softmax().array());
    expect(await x.slice([null, { step: -1 }]).array()).toEqual([[3, 2, 1], [7, 5, 4]]);
    expect(await x.pad([[1, 0], [0, 1]]).array()).toEqual([[0, 0, 0, 0], [1, 2, 3, 0], [4, 5, 7, 0]]);
    expect(await x.sort({ descending: true }).array()).toEqual([[3, 2, 1], [7, 5, 4]]);
  });
  it("grads", async () => {
    const x = tensor([1, 2, 3]);
    expect(await grad(x.mul(x).mul(x).sum(), x).array()).toEqual([3, 12, 27]);
    const g = grad(grad(x.mul(x).mul(x).sum(), x).sum(), x);
    expect(await g.array()).toEqual([6, 12, 18]);
  });
  it("conv", async () => {
    const x = randomNormal([2, 3, 5, 5], { seed: 1 }), w = randomNormal([4, 3, 3, 3], { seed: 2 });
    const y = conv2d(x, w, { stride: 2, padding: 1 });
    const [gx, gw] = grad(y.mul(y).sum(), [x, w]);
    console.log((await y.data()).slice(0, 4), (await gx.data()).slice(0, 4), (await gw.data()).slice(0, 4));
  });
  it("compiles", async () => {
    const w = new Param({ shape: [3, 2], dtype: "float32" }, () => randomNormal([3, 2], { seed: 3 }), "w");
    const x = tensor([[1, 2, 3], [4, 5, 6]]), t = tensor([[1, 0], [0, 1]]);
    const step = compile((x: typeof t, t: typeof x) => {
      const d = matmul(x, w.value).sub(t);
      const loss = d.mul(d).mean();
      const g = grad(loss, w);
      w.assign(w.value.sub(g.mul(0.01)));
      return loss;
    });
    let first = 0, last = 0;
    for (let i = 0; i < 50; i++) { last = await (await step(x, t)).item(); if (i === 0) first = last; }
    console.log(first, last, explain(step));
    expect(last).toBeLessThan(first / 4);
  });
});
