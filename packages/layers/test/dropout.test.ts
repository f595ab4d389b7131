import "@sconce/backend-cpu/register";
import { compile, grad, inference, ones, randomNormal, setSeed, type Tensor, tensor, training } from "@sconce/core";
import { AlphaDropout, Dropout, Dropout2d, DropPath, Sequential } from "@sconce/layers";
import { beforeEach, expect, test } from "vitest";

beforeEach(() => setSeed(0));

const size = 20_000;

test("drops with its probability, and keeps the mean", async () => {
  const y = await training(() => new Dropout(0.25).forward(ones([size]))).data();
  const dropped = y.filter((value) => value === 0).length;
  expect(dropped / size).toBeCloseTo(0.25, 1);
  expect(y.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6)).toBe(true);
});

test("is the identity in inference and at p = 0, and zero at p = 1", async () => {
  const x = tensor([1, 2]);
  expect(new Dropout(0.5).forward(x)).toBe(x);
  expect(training(() => inference(() => new Dropout(0.5).forward(x)))).toBe(x);
  expect(training(() => new Dropout(0).forward(x))).toBe(x);
  expect(await training(() => new Dropout(1).forward(tensor([1, Number.POSITIVE_INFINITY]))).data()).toEqual(
    new Float32Array(2),
  );
});

test("draws anew at each call and at each replay, the same sequence from the same seed", async () => {
  const sequence = async (captured: boolean): Promise<string[]> => {
    setSeed(3);
    const layer = new Dropout(0.5);
    const forward = (x: Tensor): Tensor => training(() => layer.forward(x));
    const call = captured ? compile(forward) : forward;
    const masks: string[] = [];
    for (let i = 0; i < 4; i++) masks.push((await (await call(ones([64]))).data()).join(""));
    return masks;
  };
  const masks = await sequence(true);
  expect(new Set(masks).size).toBe(4);
  expect(await sequence(true)).toEqual(masks);
  expect(await sequence(false)).toEqual(masks);
});

test("layers at other paths drop other elements, and gradients pass where values did", async () => {
  const model = new Sequential(new Dropout(0.5), new Dropout(0.5));
  const x = ones([size]);
  const [y, g] = training(() => {
    const result = model.forward(x);
    return [result, grad(result.sum(), x)];
  });
  const [values, slopes] = [await y.data(), await g.data()];
  expect(values.filter((value) => value > 0).length / size).toBeCloseTo(0.25, 1);
  expect(slopes).toEqual(values);
});

test("a probability out of range is refused", () => {
  expect(() => new Dropout(1.5)).toThrow("Dropout: the probability is 1.5; give a number from 0 to 1.");
});

test("Dropout2d drops whole channels, DropPath whole examples", async () => {
  const share = async (y: Tensor, block: number): Promise<number> => {
    const data = [...(await y.data())];
    const blocks = Array.from({ length: data.length / block }, (_, i) => data.slice(i * block, (i + 1) * block));
    expect(blocks.every((values) => values.every((value) => value === values[0] && (value === 0 || value === 2)))).toBe(
      true,
    );
    return blocks.filter(([value]) => value === 0).length / blocks.length;
  };
  const x = ones([500, 8, 2, 2]);
  expect(
    await share(
      training(() => new Dropout2d(0.5).forward(x)),
      4,
    ),
  ).toBeCloseTo(0.5, 1);
  expect(
    await share(
      training(() => new DropPath(0.5).forward(x)),
      32,
    ),
  ).toBeCloseTo(0.5, 1);
  expect(() => training(() => new Dropout2d().forward(ones([2, 3])))).toThrow("it must be [N, C, H, W]. Use Dropout");
});

test("AlphaDropout keeps mean 0 and variance 1, and two values apart", async () => {
  const layer = new AlphaDropout(0.3);
  const x = randomNormal([size], { seed: 1 });
  const y = [...(await training(() => layer.forward(x)).data())];
  const mean = y.reduce((sum, value) => sum + value, 0) / size;
  expect(mean).toBeCloseTo(0, 1);
  expect(y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size).toBeCloseTo(1, 1);
  // PyTorch's numbers for p = 0.3: a = 1 / sqrt((alpha^2 p + 1) (1 - p)), dropped is -alpha a (1 - p).
  const alpha = 1.7580993408473766;
  const a = 1 / Math.sqrt((alpha ** 2 * 0.3 + 1) * 0.7);
  const values = await training(() => layer.forward(ones([1000]))).data();
  const [dropped, kept] = [Math.min(...values), Math.max(...values)];
  expect(new Set(values).size).toBe(2);
  expect(dropped).toBeCloseTo(-alpha * a * 0.7, 5);
  expect(kept).toBeCloseTo(a + alpha * a * 0.3, 5);
  expect(() => new AlphaDropout(1)).toThrow("leaves nothing to scale");
});
