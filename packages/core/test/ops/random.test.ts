/** Random tensors: the generator's published test vectors, repeatability, and moments. */
import "@sconce/backend-cpu/register";
import {
  ArgumentError,
  CaptureError,
  compile,
  data,
  deriveKey,
  openBackend,
  RandomState,
  randomBernoulli,
  randomBits,
  randomNormal,
  randomPermutation,
  randomUniform,
  setSeed,
  type Tensor,
  tensor,
} from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { check, expectRefusal, onEachWay } from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

const words = (...list: number[]): Tensor => tensor(new Uint32Array(list));

/** Threefry-2x32 with 20 rounds in plain JavaScript. */
function threefry([k0, k1]: readonly [number, number], [c0, c1]: readonly [number, number]): [number, number] {
  const schedule = [k0, k1, k0 ^ k1 ^ 0x1bd11bda];
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  let [x, y] = [(c0 + k0) >>> 0, (c1 + k1) >>> 0];
  for (let round = 0; round < 20; round++) {
    const r = rotations[round % 8];
    x = (x + y) >>> 0;
    y = (((y << r) | (y >>> (32 - r))) ^ x) >>> 0;
    if (round % 4 === 3) {
      const s = (round + 1) / 4;
      x = (x + schedule[s % 3]) >>> 0;
      y = (y + schedule[(s + 1) % 3] + s) >>> 0;
    }
  }
  return [x, y];
}

describe("Threefry", () => {
  it("the reference matches the vectors of Salmon et al. (Random123, kat_vectors)", () => {
    expect(threefry([0, 0], [0, 0])).toEqual([0x6b200159, 0x99ba4efe]);
    expect(threefry([0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff])).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(threefry([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).toEqual([0xc4923a9c, 0x483df7a0]);
  });

  it("randomBits is the first word at counters (i, 0)", async () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    await check(
      fc.tuple(word, word, fc.nat(5), fc.nat(5)),
      ([a, b, rows, columns]) =>
        onEachWay(async () => {
          const bits = await data(randomBits(words(a, b), [rows, columns]));
          expect([...bits]).toEqual(Array.from({ length: rows * columns }, (_, i) => threefry([a, b], [i, 0])[0]));
        }),
      20,
    );
    expect((await data(randomBits(words(0, 0), [1])))[0]).toBe(0x6b200159);
  });

  it("deriveKey is both words at counter (n, 1)", async () => {
    expect([...(await data(deriveKey(words(5, 6), words(7))))]).toEqual(threefry([5, 6], [7, 1]));
  });
});

describe("repeatability", () => {
  const draws: Record<string, (options: { seed?: number; generator?: RandomState }) => Tensor> = {
    randomUniform: (options) => randomUniform([7], options),
    randomNormal: (options) => randomNormal([7], options),
    randomBernoulli: (options) => randomBernoulli([64], 0.5, options),
    randomPermutation: (options) => randomPermutation(20, options),
  };

  it.each(Object.entries(draws))("%s: the same seed, the same numbers", async (name, draw) => {
    const numbers = async (options: Parameters<typeof draw>[0]): Promise<number[]> => [...(await data(draw(options)))];
    expect(await numbers({ seed: 3 })).toEqual(await numbers({ seed: 3 }));
    expect(await numbers({ seed: 3 })).not.toEqual(await numbers({ seed: 4 }));
    const [a, b] = [new RandomState(9), new RandomState(9)];
    const first = await numbers({ generator: a });
    expect(await numbers({ generator: b })).toEqual(first);
    expect(await numbers({ generator: a })).not.toEqual(first);
    b.reseed(9);
    expect(await numbers({ generator: b })).toEqual(first);
    setSeed(5);
    const fromDefault = await numbers({});
    expect(await numbers({})).not.toEqual(fromDefault);
    setSeed(5);
    expect(await numbers({})).toEqual(fromDefault);
    expectRefusal(() => draw({ seed: 0.5 }), [name, "0.5"], ArgumentError);
  });

  it("a replayed program draws anew", async () => {
    const generator = new RandomState(1);
    const draw = compile((x: Tensor) => x.add(randomUniform([4], { generator })));
    const seen = new Set<string>();
    for (let i = 0; i < 4; i++) seen.add(String(await (await draw(tensor([0, 0, 0, 0]))).array()));
    expect(seen.size).toBe(4);
    await expect(
      (async () => compile((x: Tensor) => x.add(randomUniform([4], { seed: 1 })))(tensor([0, 0, 0, 0])))(),
    ).rejects.toThrow(CaptureError);
  });
});

describe("distributions", () => {
  const moments = async (x: Tensor): Promise<{ mean: number; variance: number; least: number; most: number }> => {
    const values = [...(await data(x))];
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    return { mean, variance, least: Math.min(...values), most: Math.max(...values) };
  };

  it("uniform numbers fill [low, high)", async () => {
    const { mean, variance, least, most } = await moments(randomUniform([50_000], { seed: 1, low: -1, high: 3 }));
    expect(mean).toBeCloseTo(1, 1);
    expect(variance).toBeCloseTo(16 / 12, 1);
    expect(least).toBeGreaterThanOrEqual(-1);
    expect(most).toBeLessThan(3);
  });

  it("normal numbers have the asked mean and deviation, and normal tails", async () => {
    const x = randomNormal([50_000], { seed: 2, mean: 2, deviation: 0.5 });
    const { mean, variance } = await moments(x);
    expect(mean).toBeCloseTo(2, 1);
    expect(variance).toBeCloseTo(0.25, 2);
    const beyond = (await data(x)).filter((v) => Math.abs(v - 2) > 1).length / 50_000;
    expect(beyond).toBeCloseTo(0.0455, 2);
  });

  it("bernoulli is true as often as asked", async () => {
    expect((await moments(randomBernoulli([50_000], 0.3, { seed: 3 }))).mean).toBeCloseTo(0.3, 1);
    expect((await moments(randomBernoulli([1000], 0, { seed: 3 }))).mean).toBe(0);
    expect((await moments(randomBernoulli([1000], 1, { seed: 3 }))).mean).toBe(1);
    expectRefusal(() => randomBernoulli([2], 1.5), ["randomBernoulli", "1.5"], ArgumentError);
  });

  it("a permutation has every number once", async () => {
    await check(fc.tuple(fc.nat(40), fc.nat()), async ([n, seed]) => {
      const order = [...(await data(randomPermutation(n, { seed })))];
      expect(order.sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    });
    expectRefusal(() => randomPermutation(-1), ["randomPermutation", "-1"]);
  });

  it("other float dtypes have the same numbers", async () => {
    expect(await randomUniform([3], { seed: 1, dtype: "float64" }).array()).toEqual(
      await randomUniform([3], { seed: 1 }).array(),
    );
  });
});
