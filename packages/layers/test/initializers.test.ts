import "@sconce/backend-cpu/register";
import { hashKey, type Tensor, tensor } from "@sconce/core";
import {
  constant,
  fansOf,
  type Initializer,
  kaimingNormal,
  kaimingUniform,
  normal,
  uniform,
  xavierNormal,
  xavierUniform,
} from "@sconce/layers";
import { describe, expect, test } from "vitest";

const key = (): Tensor => tensor(new Uint32Array(hashKey(7, "test")));

async function draw(
  initializer: Initializer,
  shape: number[],
): Promise<{ mean: number; deviation: number; low: number; high: number }> {
  const data = [...(await initializer(shape, key(), "float32").data())];
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  const deviation = Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length);
  return { mean, deviation, low: data.reduce((a, b) => Math.min(a, b)), high: data.reduce((a, b) => Math.max(a, b)) };
}

test("fans count the kernel, and inputs per group", () => {
  expect(fansOf([64, 3, 7, 5])).toEqual({ fanIn: 105, fanOut: 2240 });
  expect(fansOf([10, 512])).toEqual({ fanIn: 512, fanOut: 10 });
  expect(() => fansOf([3])).toThrow(/\[out, in, \.\.\.kernel\]/);
});

const shape = [40, 20, 5, 5];
const [fanIn, fanOut] = [500, 1000];

describe.each<[string, Initializer, number]>([
  ["kaimingUniform", kaimingUniform(), Math.sqrt(2 / fanIn)],
  [
    "kaimingUniform with PyTorch's slope for layers",
    kaimingUniform({ negativeSlope: Math.sqrt(5) }),
    Math.sqrt(1 / (3 * fanIn)),
  ],
  ["xavierUniform", xavierUniform(), Math.sqrt(2 / (fanIn + fanOut))],
  ["uniform", uniform(-3, 3), Math.sqrt(3)],
])("%s", (_, initializer, deviation) => {
  test("fills its interval evenly", async () => {
    const found = await draw(initializer, shape);
    const bound = deviation * Math.sqrt(3);
    expect(found.deviation / deviation).toBeCloseTo(1, 1);
    expect(Math.abs(found.mean) / deviation).toBeLessThan(0.03);
    expect(found.low).toBeGreaterThanOrEqual(-bound * 1.0001);
    expect(found.high).toBeLessThanOrEqual(bound * 1.0001);
    expect(found.high / bound).toBeGreaterThan(0.99);
  });
});

describe.each<[string, Initializer, number]>([
  ["kaimingNormal backward", kaimingNormal({ mode: "fanOut" }), Math.sqrt(2 / fanOut)],
  ["xavierNormal", xavierNormal({ gain: 2 }), 2 * Math.sqrt(2 / (fanIn + fanOut))],
  ["normal", normal(0, 0.01), 0.01],
])("%s", (_, initializer, deviation) => {
  test("has its deviation", async () => {
    const found = await draw(initializer, shape);
    expect(found.deviation / deviation).toBeCloseTo(1, 1);
    expect(Math.abs(found.mean) / deviation).toBeLessThan(0.03);
  });
});

test("constant", async () => {
  expect(await constant(2)([2], key(), "float32").data()).toEqual(new Float32Array([2, 2]));
});
