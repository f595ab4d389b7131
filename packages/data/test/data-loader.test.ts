import { openCpu } from "@sconce/backend-cpu";
import { setDefaultBackend, setSeed, type Tensor } from "@sconce/core";
import { ArrayDataset, DataLoader, type Dataset, integer, ShuffledSampler, TensorDataset } from "@sconce/data";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";

beforeAll(() => setDefaultBackend(openCpu()));

const counting = (length: number): TensorDataset<"x"> =>
  new TensorDataset({ x: Int32Array.from({ length }, (_, i) => i) });

/** The numbers of each batch of the next epoch. */
async function epoch(loader: AsyncIterable<{ readonly x: Tensor }>): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const { x } of loader) batches.push([...(await x.data())]);
  return batches;
}

describe("an epoch", () => {
  test("has every example once, in batches of the given size", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        async (length, batchSize, shuffle) => {
          const loader = new DataLoader(counting(length), { batchSize, shuffle, seed: shuffle ? 5 : undefined });
          const batches = await epoch(loader);
          expect(batches.length).toBe(loader.length);
          expect(batches.slice(0, -1).every((batch) => batch.length === batchSize)).toBe(true);
          expect(batches.flat().sort((a, b) => a - b)).toEqual([...Array(length).keys()]);
        },
      ),
    );
  });

  test("leaves out an incomplete batch if asked to", async () => {
    const loader = new DataLoader(counting(10), { batchSize: 4, dropLast: true });
    expect(loader.length).toBe(2);
    expect(await epoch(loader)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
  });

  test("has an order of its own, which follows from the seed", async () => {
    const loader = new DataLoader(counting(20), { batchSize: 20, shuffle: true, seed: 1 });
    const again = new DataLoader(counting(20), { batchSize: 20, shuffle: true, seed: 1 });
    const [first, second] = [await epoch(loader), await epoch(loader)];
    expect(first).not.toEqual(second);
    expect([await epoch(again), await epoch(again)]).toEqual([first, second]);
    again.epoch = 1;
    expect(await epoch(again)).toEqual(second);
    expect(await epoch(loader.batches(0))).toEqual(first);
  });

  test("follows the seed of the whole program by default", async () => {
    setSeed(9);
    const loader = new DataLoader(counting(20), { batchSize: 20, shuffle: true });
    setSeed(0);
    expect(await epoch(loader)).toEqual([[...new ShuffledSampler(20, { seed: 9 }).indices(0)]]);
  });

  test("can follow a sampler", async () => {
    const backwards = { length: 3, indices: () => [4, 2, 0] };
    expect(await epoch(new DataLoader(counting(5), { batchSize: 2, sampler: backwards }))).toEqual([[4, 2], [0]]);
  });

  test("waits for examples that take their time", async () => {
    const slow: Dataset<{ x: number }> = {
      length: 3,
      get: async (index) => {
        await new Promise((resolve) => setTimeout(resolve, 5 * (3 - index)));
        return { x: index };
      },
    };
    expect(await epoch(new DataLoader(slow, { batchSize: 2 }))).toEqual([[0, 1], [2]]);
  });
});

describe("a batch", () => {
  test("stacks arrays, numbers, booleans and records", async () => {
    const dataset = new ArrayDataset([
      {
        image: { data: Float32Array.of(1, 2), shape: [1, 2], dtype: "float32" as const },
        target: { label: integer(3), weight: 0.5 },
        valid: true,
      },
      {
        image: { data: Float32Array.of(3, 4), shape: [1, 2], dtype: "float32" as const },
        target: { label: integer(4), weight: 1 },
        valid: false,
      },
    ]);
    for await (const { image, target, valid } of new DataLoader(dataset, { batchSize: 2 })) {
      expect([image.dtype, await image.array()]).toEqual(["float32", [[[1, 2]], [[3, 4]]]]);
      expect([target.label.dtype, await target.label.array()]).toEqual(["int32", [3, 4]]);
      expect([target.weight.dtype, await target.weight.array()]).toEqual(["float32", [0.5, 1]]);
      expect([valid.dtype, await valid.array()]).toEqual(["bool", [true, false]]);
    }
  });

  test("is what collate makes of its examples", async () => {
    const loader = new DataLoader(new ArrayDataset(["a", "b", "c"]), { batchSize: 2, collate: (all) => all.join("") });
    const batches: string[] = [];
    for await (const batch of loader) batches.push(batch);
    expect(batches).toEqual(["ab", "c"]);
  });
});

describe("clear errors", () => {
  const first = async (examples: unknown[]): Promise<unknown> =>
    new DataLoader(new ArrayDataset(examples), { batchSize: examples.length }).batches(0).next();
  const image = (...shape: number[]) => ({
    data: new Float32Array(shape.reduce((size, extent) => size * extent, 1)),
    shape,
    dtype: "float32",
  });

  test("arrays of one batch agree", async () => {
    await expect(first([{ image: image(2, 3) }, { image: image(3, 3) }])).rejects.toThrow(
      'DataLoader: "image" has shape [2, 3] in the first example of the batch and [3, 3] in example 1; ' +
        "make them equal (resize, crop or pad), or give a `collate` of your own.",
    );
    await expect(first([{ y: integer(1) }, { y: 1 }])).rejects.toThrow(
      'DataLoader: "y" is int32 in the first example of the batch and float32 in example 1; use one dtype.',
    );
  });

  test("examples hold what can be stacked", async () => {
    await expect(first([{ target: { name: "a" } }])).rejects.toThrow(
      'DataLoader: "target.name" of example 0 of the batch is the string "a"',
    );
    await expect(first([{ x: new Float32Array(3) }])).rejects.toThrow(
      '"x" of example 0 of the batch is a Float32Array',
    );
    await expect(first([{ x: 1 }, {}])).rejects.toThrow('"x" of example 1 of the batch is missing');
  });

  test.each([0, -1, 1.5, Number.NaN])("a batch size of %d", (batchSize) => {
    expect(() => new DataLoader(counting(3), { batchSize })).toThrow(
      `DataLoader: batchSize is ${batchSize}; give a whole number of at least 1.`,
    );
  });

  test("a sampler decides alone", () => {
    const sampler = new ShuffledSampler(3, { seed: 1 });
    expect(() => new DataLoader(counting(3), { sampler, shuffle: true })).toThrow("a sampler decides the order alone");
    expect(() => new DataLoader(counting(3), { shuffle: true, seed: 0.5 })).toThrow("the seed is 0.5");
  });
});
