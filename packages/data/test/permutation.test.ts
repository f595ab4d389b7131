import { openCpu } from "@sconce/backend-cpu";
import { randomBits, setDefaultBackend, tensor } from "@sconce/core";
import { permutation } from "@sconce/data";
import fc from "fast-check";
import { expect, test } from "vitest";
import { threefry } from "../src/permutation.ts";

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("holds every index once", () => {
  fc.assert(
    fc.property(fc.nat(500), fc.integer(), fc.string(), (n, seed, purpose) => {
      expect([...permutation(n, seed, purpose)].sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
    }),
  );
});

test("is fixed by its seed and purpose, for ever", () => {
  expect([...permutation(10, 0, "split")]).toMatchInlineSnapshot(`
    [
      4,
      3,
      7,
      8,
      6,
      2,
      1,
      0,
      9,
      5,
    ]
  `);
  expect(permutation(100, 1, "epoch 0")).toEqual(permutation(100, 1, "epoch 0"));
  expect(permutation(100, 1, "epoch 0")).not.toEqual(permutation(100, 2, "epoch 0"));
  expect(permutation(100, 1, "epoch 0")).not.toEqual(permutation(100, 1, "epoch 1"));
});

test("puts every number in every place equally often", () => {
  const counts = Array.from({ length: 4 }, () => new Array<number>(4).fill(0));
  for (let seed = 0; seed < 4000; seed++) {
    for (const [place, value] of permutation(4, seed, "").entries()) counts[place][value]++;
  }
  for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});

test("draws the same bits as core's random ops", async () => {
  setDefaultBackend(openCpu());
  await fc.assert(
    fc.asyncProperty(word, word, async (a, b) => {
      const bits = await randomBits(tensor(Uint32Array.of(a, b)), [5]).data();
      expect([...bits]).toEqual([0, 1, 2, 3, 4].map((i) => threefry([a, b], [i, 0])[0]));
    }),
    { numRuns: 20 },
  );
});

test("a seed is a whole number", () => {
  expect(() => permutation(3, 0.5, "")).toThrow("permutation: the seed is 0.5; give a whole number.");
});
