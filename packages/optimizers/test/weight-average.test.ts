/** Averages of weights against PyTorch (tools/parity/optimizers.py). */
import { readFileSync } from "node:fs";
import "@sconce/backend-cpu/register";
import { compile, grad, Param, scalar, type Tensor, tensor } from "@sconce/core";
import { Linear } from "@sconce/layers";
import { sgd, WeightAverage } from "@sconce/optimizers";
import { describe, expect, test } from "vitest";

interface Golden {
  readonly cases: readonly { readonly decay: number; readonly averages: readonly (readonly number[])[] }[];
}

const { cases }: Golden = JSON.parse(readFileSync(new URL("golden/averages.json", import.meta.url), "utf8"));
const param = (values: number[]): Param => new Param({ shape: [values.length], dtype: "float32" }, tensor(values), "p");
const read = async (x: Tensor): Promise<number[]> => [...(await x.data())];

describe.each(cases)("decay $decay", ({ decay, averages }) => {
  test("follows PyTorch, in the program of the step", async () => {
    const p = param([5, 5]);
    const average = new WeightAverage([p], { decay });
    const step = compile((value: Tensor) => {
      p.assign(value);
      average.update();
      return [];
    });
    for (const [i, expected] of averages.entries()) {
      await step(tensor([Math.sin(i), Math.cos(2 * i)]));
      const { p: found } = await average.weights();
      expected.forEach((value, at) => {
        expect(found.data[at]).toBeCloseTo(value, 5);
      });
    }
    expect(step.programs()).toHaveLength(1);
  });
});

test("swaps in and out, while training goes on in between", async () => {
  const p = param([0]);
  const optimizer = sgd([p], { learningRate: 1 });
  const average = new WeightAverage([p], { decay: 0.5 });
  const step = compile((slope: Tensor) => {
    optimizer.update([slope]);
    average.update();
    return [];
  });
  const predict = compile((x: Tensor) => x.mul(p.value));
  const seen: number[] = [];
  for (let i = 0; i < 4; i++) {
    await step(tensor([-1]));
    average.swapIn();
    seen.push(await (await predict(scalar(1))).item());
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
    average.swapOut();
    seen.push(await (await predict(scalar(1))).item());
  }
  expect(seen).toEqual([1, 1, 1.5, 2, 2.25, 3, 3.125, 4]);
  average.swapIn();
  expect((await average.weights()).p.data).toEqual(new Float32Array([3.125]));
  average.swapOut();
  expect(await read(p.value)).toEqual([4]);
});

test("before the first update the averages are the weights", async () => {
  const p = param([3, 4]);
  const average = new WeightAverage([p]);
  average.swapIn();
  expect(await read(p.value)).toEqual([3, 4]);
  average.swapOut();
  expect(await read(p.value)).toEqual([3, 4]);
});

test("swapping leaves half precision averages as precise as they were", async () => {
  const p = new Param({ shape: [1], dtype: "float16" }, tensor([1], { dtype: "float16" }), "p");
  const average = new WeightAverage([p], { decay: 0.999 });
  average.update();
  p.assign(tensor([2], { dtype: "float16" }));
  average.update();
  average.swapIn();
  await read(p.value);
  average.swapOut();
  expect((await average.stateDict())["average.p"].data[0]).toBeCloseTo(1.001, 6);
  expect(await read(p.value)).toEqual([2]);
});

test("saves and restores, and gives a model its averaged weights", async () => {
  const [first, second] = [new Linear(2, 2), new Linear(2, 2)];
  const average = new WeightAverage(first.parameters(), { decay: 0.9 });
  const optimizer = sgd(first.parameters(), { learningRate: 0.1 });
  const step = compile(() => {
    optimizer.update(
      grad(
        first
          .forward(tensor([[1, 2]]))
          .square()
          .sum(),
        first.parameters(),
      ),
    );
    average.update();
    return [];
  });
  for (let i = 0; i < 3; i++) await step();
  const state = await average.stateDict();
  expect(Object.keys(state)).toEqual(["n_averaged", "average.weight", "average.bias"]);
  const restored = new WeightAverage(first.parameters(), { decay: 0.9 });
  restored.loadStateDict(state);
  for (const one of [average, restored]) one.update();
  expect(await restored.stateDict()).toEqual(await average.stateDict());
  second.loadStateDict(await average.weights());
  expect((await second.stateDict()).weight).toEqual((await average.stateDict())["average.weight"]);
});

test("errors say what was wrong", async () => {
  const average = new WeightAverage([param([1])]);
  expect(() => average.swapOut()).toThrow(/not swapped in; call swapIn/);
  average.swapIn();
  expect(() => average.swapIn()).toThrow(/swapped in already/);
  expect(() => average.update()).toThrow(/call swapOut\(\) first/);
  average.swapOut();
  const step = compile(() => {
    average.swapIn();
    return [];
  });
  await expect(step()).rejects.toThrow(/WeightAverage.swapIn: called inside.*wrong:.*right:/s);
  expect(() => new WeightAverage([param([1])], { decay: 1 })).toThrow(/decay is 1/);
});
