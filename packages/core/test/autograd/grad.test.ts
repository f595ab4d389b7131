import "@sconce/backend-cpu/register";
import {
  apply,
  defineOp,
  exp,
  grad,
  matmul,
  ones,
  openBackend,
  Param,
  stopGradient,
  tanh,
  tensor,
  valueAndGrad,
  vjp,
  zeros,
} from "@sconce/core";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(async () => {
  await openBackend("cpu");
});

const x = tensor([1, 2, 3], { dtype: "float64" });

describe("grad", () => {
  it("differentiates by one tensor, an array, or an object", async () => {
    const y = tensor([4, 5, 6], { dtype: "float64" });
    const loss = x.mul(y).sum();
    expect(await grad(loss, x).array()).toEqual([4, 5, 6]);
    const [gx, gy] = grad(loss, [x, y]);
    expect([await gx.array(), await gy.array()]).toEqual([
      [4, 5, 6],
      [1, 2, 3],
    ]);
    const named = grad(loss, { first: x, second: y });
    expect(await named.second.array()).toEqual([1, 2, 3]);
  });

  it("adds up every path", async () => {
    const y = x.mul(x);
    expect(await grad(y.add(y.mul(x)).sum(), x).array()).toEqual([1, 2, 3].map((v) => 2 * v + 3 * v * v));
  });

  it("differentiates by tensors of zeros and ones, which need not be computed with", async () => {
    const [one, zero] = [ones([3], "float64"), zeros([3], "float64")];
    const loss = x.mul(one).add(zero).add(one.mul(2)).sum();
    const [byOne, byZero] = grad(loss, [one, zero]);
    expect([await byOne.array(), await byZero.array()]).toEqual([
      [3, 4, 5],
      [1, 1, 1],
    ]);
  });

  it("takes gradients of gradients", async () => {
    const first = grad(x.power(4).sum(), x);
    const second = grad(first.sum(), x);
    const third = grad(second.sum(), x);
    expect(await third.array()).toEqual([24, 48, 72]);
  });

  it("gives zeros where nothing depends", async () => {
    expect(await grad(x.sum(), tensor([[1, 2]])).array()).toEqual([[0, 0]]);
  });

  it("includes the path through another tensor that is asked for", async () => {
    const y = x.mul(3);
    const [gx, gy] = grad(y.mul(y).sum(), [x, y]);
    expect(await gy.array()).toEqual([6, 12, 18]);
    expect(await gx.array()).toEqual([18, 36, 54]);
  });

  it("follows a tensor that was already read", async () => {
    const y = x.mul(x);
    await y.data();
    expect(await grad(y.sum(), x).array()).toEqual([2, 4, 6]);
  });

  it("works on a parameter whose value was read in between", async () => {
    const w = new Param({ shape: [3], dtype: "float64" }, () => x.mul(1), "w");
    const loss = w.value.mul(w.value).sum();
    expect(await loss.item()).toBe(14);
    expect(await grad(loss, w).array()).toEqual([2, 4, 6]);
  });

  it("stops at stopGradient", async () => {
    expect(await grad(x.mul(stopGradient(x)).sum(), x).array()).toEqual([1, 2, 3]);
  });

  it("returns value and gradients together", async () => {
    const { value, gradients } = valueAndGrad(() => exp(x).sum(), [x]);
    expect(await value.item()).toBeCloseTo(Math.E + Math.E ** 2 + Math.E ** 3, 10);
    expect(await gradients[0].data()).toEqual(await exp(x).data());
  });

  it("differentiates a composite without a rule through its decomposition, and not beyond its inputs", async () => {
    const cube = defineOp<unknown>({
      name: "cube",
      infer: ([t]) => ({ shape: t.shape, dtype: t.dtype }),
      decompose: ([t]) => t.mul(t).mul(t),
    });
    const y = x.mul(2);
    expect(await grad(apply(cube, [y], undefined).sum(), x).array()).toEqual(
      [1, 2, 3].map((v) => 3 * (2 * v) ** 2 * 2),
    );
  });
});

describe("vjp", () => {
  it("weighs the outputs", async () => {
    const cotangent = tensor([1, 0, 10], { dtype: "float64" });
    expect(await vjp(x.mul(x), x, cotangent).array()).toEqual([2, 0, 60]);
  });

  it("is the transposed Jacobian of a matrix product", async () => {
    const a = tensor([
      [1, 2],
      [3, 4],
    ]);
    const b = tensor([[5], [6]]);
    const [ga, gb] = vjp(matmul(a, b), [a, b], tensor([[1], [2]]));
    expect(await ga.array()).toEqual([
      [5, 6],
      [10, 12],
    ]);
    expect(await gb.array()).toEqual([[7], [10]]);
  });
});

describe("errors", () => {
  it("asks for one number", () => {
    expect(() => grad(x.mul(x), x)).toThrow(/grad: the loss has shape \[3\].*loss\.mean\(\)/s);
  });

  it("asks for floats", () => {
    expect(() => grad(x.cast("int32").sum(), x)).toThrow(/int32; only floats have gradients.*cast/s);
    expect(() => grad(x.sum(), tensor([1], { dtype: "int32" }))).toThrow(/int32/);
  });

  it("compares the cotangent's shape", () => {
    expect(() => vjp(x.mul(x), x, tensor([1, 2]))).toThrow(/cotangent has shape \[2\], the output \[3\]/);
  });

  it("names an op whose gradient rule is wrong, or missing", () => {
    const wrong = defineOp<unknown>({
      name: "wrong",
      infer: ([t]) => ({ shape: t.shape, dtype: t.dtype }),
      lower: (element) => element.load(0),
      gradient: (g) => [g.sum()],
    });
    expect(() => grad(apply(wrong, [x], undefined).sum(), x)).toThrow(
      /gradient rule of op wrong gave float64 \[\] for input 0/,
    );
    const missing = defineOp<unknown>({
      name: "missing",
      infer: ([t]) => ({ shape: t.shape, dtype: t.dtype }),
      lower: (element) => element.load(0),
    });
    expect(() => grad(apply(missing, [tanh(x)], undefined).sum(), x)).toThrow(/op missing has no gradient/);
  });
});
