import "@sconce/backend-cpu/register";
import { compile, grad, Param, type Tensor, tensor, zeros } from "@sconce/core";
import { GradientAccumulator, sgd } from "@sconce/optimizers";
import { expect, test } from "vitest";

const param = (values: number[], name?: string): Param =>
  new Param({ shape: [values.length], dtype: "float32" }, tensor(values), name);
const read = async (x: Tensor): Promise<number[]> => [...(await x.data())];

test("small batches make the step of the large one, inside compile", async () => {
  const data = [1, 2, 3, 4, 5, 6].map((x) => [x, -x]);
  const loss = (p: Param, x: Tensor): Tensor => p.value.sub(x).square().mean();
  const [whole, parts] = [param([0.5, 1]), param([0.5, 1])];
  const large = sgd([whole], { learningRate: 0.1, momentum: 0.9 });
  const small = sgd([parts], { learningRate: 0.1, momentum: 0.9 });
  const sums = new GradientAccumulator([parts]);
  const step = compile((x: Tensor) => {
    large.update(grad(loss(whole, x), [whole]));
    return [];
  });
  const accumulate = compile((x: Tensor) => {
    const value = loss(parts, x);
    sums.add(grad(value, [parts]));
    return value;
  });
  const update = compile(() => {
    small.update(sums.take());
    return [];
  });
  for (let i = 0; i < 4; i++) {
    await step(tensor(data));
    for (let at = 0; at < 6; at += 2) await accumulate(tensor(data.slice(at, at + 2)));
    await update();
  }
  const [a, b] = [await read(whole.value), await read(parts.value)];
  a.forEach((value, i) => {
    expect(b[i]).toBeCloseTo(value, 5);
  });
  expect([...accumulate.programs(), ...update.programs()]).toHaveLength(2);
});

test("takes the mean or the sum, and starts over", async () => {
  const sums = new GradientAccumulator([param([0, 0])]);
  for (const values of [
    [1, 2],
    [3, 6],
  ])
    sums.add([tensor(values)]);
  expect(await read(sums.take({ reduction: "sum" })[0])).toEqual([4, 8]);
  expect(await read(sums.take()[0])).toEqual([0, 0]);
  const both = compile((x: Tensor) => {
    sums.add([x]);
    sums.add([x.mul(3)]);
    return sums.take();
  });
  for (let i = 0; i < 2; i++) expect(await read((await both(tensor([1, 2])))[0])).toEqual([2, 4]);
});

test("sums half precision in float32", async () => {
  const p = new Param({ shape: [1], dtype: "float16" }, tensor([0], { dtype: "float16" }));
  const sums = new GradientAccumulator([p]);
  for (const value of [2048, 1, 1]) sums.add([tensor([value], { dtype: "float16" })]);
  const [sum] = sums.take({ reduction: "sum" });
  expect(sum.dtype).toBe("float32");
  expect(await read(sum)).toEqual([2050]);
});

test("saves and restores", async () => {
  const [first, second] = [0, 1].map(() => new GradientAccumulator([param([0], "layer.weight")]));
  first.add([tensor([3])]);
  const state = await first.stateDict();
  expect(Object.keys(state)).toEqual(["count", "sum.layer.weight"]);
  second.loadStateDict(state);
  for (const sums of [first, second]) {
    sums.add([tensor([4])]);
    expect(await read(sums.take()[0])).toEqual([3.5]);
  }
});

test("errors say what was wrong", () => {
  const sums = new GradientAccumulator([param([0], "layer.weight")]);
  expect(() => sums.add([])).toThrow(/GradientAccumulator.add: 0 gradients for 1 parameters.*accumulator\.add\(grad/);
  expect(() => sums.add([zeros([2])])).toThrow(/gradient 0 is shape \[2\] for Param\(layer\.weight/);
  expect(() => sums.take({ reduction: "none" as never })).toThrow(/reduction is none/);
  expect(() => new GradientAccumulator([])).toThrow(/list of parameters is empty/);
});
