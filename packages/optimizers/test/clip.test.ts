/** Clipping against PyTorch (tools/parity/optimizers.py), and penalties. */
import { readFileSync } from "node:fs";
import "@sconce/backend-cpu/register";
import { compile, explain, grad, Param, scalar, type Tensor, tensor } from "@sconce/core";
import { clipByNorm, clipByValue, l1Penalty, l2Penalty, sgd } from "@sconce/optimizers";
import { describe, expect, test } from "vitest";

interface Golden {
  readonly gradients: readonly (readonly number[])[];
  readonly cases: readonly {
    readonly maximum: number;
    readonly order: number | "Infinity";
    readonly norm: number;
    readonly gradients: readonly (readonly number[])[];
  }[];
}

const golden: Golden = JSON.parse(readFileSync(new URL("golden/clipping.json", import.meta.url), "utf8"));
const read = async (x: Tensor): Promise<number[]> => [...(await x.data())];

describe.each(golden.cases)("clipByNorm to $maximum by order $order", ({ maximum, order, norm, gradients }) => {
  test("gives the numbers of PyTorch, captured or not", async () => {
    const clip = (a: Tensor, b: Tensor): readonly Tensor[] => {
      const found = clipByNorm([a, b], maximum, { order: Number(order) });
      return [found.norm, ...found.gradients];
    };
    const given = golden.gradients.map((values) => tensor(values)) as [Tensor, Tensor];
    for (const results of [clip(...given), await compile(clip)(...given)]) {
      const [found, ...clipped] = await Promise.all(results.map(read));
      expect(found[0]).toBeCloseTo(norm, 5);
      clipped.forEach((values, i) => {
        values.forEach((value, at) => {
          expect(Math.abs(value - gradients[i][at])).toBeLessThan(1e-5);
        });
      });
    }
  });
});

test("clipping joins the updates' kernels: only the norm comes before them", async () => {
  const parameters = [3, 2].map((n) => new Param({ shape: [n], dtype: "float32" }, tensor(new Array(n).fill(1))));
  const optimizer = sgd(parameters, { learningRate: 1 });
  const step = compile((a: Tensor, b: Tensor) => {
    const { gradients, norm } = clipByNorm([a, b], 1);
    optimizer.update(gradients);
    return norm;
  });
  expect(await (await step(tensor([3, 0, 0]), tensor([0, 4]))).item()).toBeCloseTo(5, 5);
  expect((await read(parameters[1].value))[1]).toBeCloseTo(0.2, 5);
  // A norm for each, that of both and the scale, the updates, and the count.
  expect(step.programs()[0].nodes.length, explain(step)).toBeLessThanOrEqual(7);
});

test("gradients of zeros and of half precision keep their values and types", async () => {
  const [half] = clipByNorm([tensor([300, 400], { dtype: "float16" })], 5).gradients;
  expect(half.dtype).toBe("float16");
  const found = await read(half);
  expect(found[0]).toBeCloseTo(3, 2);
  expect(found[1]).toBeCloseTo(4, 2);
  expect(await read(clipByNorm([tensor([0, 0])], 1).gradients[0])).toEqual([0, 0]);
});

test("clipByValue limits each element", async () => {
  const [a, b] = clipByValue([tensor([3, -4, 0.5]), tensor([-0.25])], 1);
  expect(await read(a)).toEqual([1, -1, 0.5]);
  expect(await read(b)).toEqual([-0.25]);
});

test("penalties sum magnitudes and squares, with their gradients", async () => {
  const parameters = [[3, -4], [0.5]].map(
    (values) => new Param({ shape: [values.length], dtype: "float32" }, tensor(values)),
  );
  expect(await l1Penalty(parameters).item()).toBe(7.5);
  expect(await l2Penalty(parameters).item()).toBe(25.25);
  const loss = scalar(1).add(l1Penalty(parameters).mul(0.1)).add(l2Penalty(parameters).mul(0.5));
  const [a, b] = await Promise.all(grad(loss, parameters).map(read));
  [3.1, -4.1].forEach((value, i) => {
    expect(a[i]).toBeCloseTo(value, 5);
  });
  expect(b[0]).toBeCloseTo(0.6, 5);
});

test("the L2 penalty is weight decay, for plain gradient descent", async () => {
  const [a, b] = [0, 1].map(() => new Param({ shape: [2], dtype: "float32" }, tensor([1, -2])));
  const [decaying, plain] = [sgd([a], { learningRate: 0.1, weightDecay: 0.3 }), sgd([b], { learningRate: 0.1 })];
  for (let i = 0; i < 5; i++) {
    decaying.update(grad(a.value.sum(), [a]));
    plain.update(grad(b.value.sum().add(l2Penalty([b]).mul(0.15)), [b]));
  }
  const [x, y] = [await read(a.value), await read(b.value)];
  x.forEach((value, i) => {
    expect(value).toBeCloseTo(y[i], 5);
  });
});

test("errors say what was wrong", () => {
  expect(() => clipByNorm([], 1)).toThrow(/no gradients were given/);
  expect(() => clipByNorm([tensor([1])], 0)).toThrow(/maximum is 0; give a number above 0/);
  expect(() => clipByNorm([tensor([1])], 1, { order: 0 })).toThrow(/order is 0/);
  expect(() => clipByValue([tensor([1])], Number.NaN)).toThrow(/limit is NaN/);
  expect(() => l1Penalty([])).toThrow(/l1Penalty: the list of parameters is empty/);
});
