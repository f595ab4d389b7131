import { ArrayDataset, Subset, splitDataset, TensorDataset } from "@sconce/data";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const letters = new ArrayDataset(["a", "b", "c", "d", "e"]);

describe("ArrayDataset", () => {
  test("gives its examples by index", () => {
    expect(letters.length).toBe(5);
    expect(letters.get(4)).toBe("e");
  });

  test.each([-1, 5, 0.5, Number.NaN])("has no example %d", (index) => {
    expect(() => letters.get(index)).toThrow(
      `ArrayDataset.get: there is no example ${index}; use a whole number from 0 to 4.`,
    );
  });

  test("may be empty", () => {
    expect(() => new ArrayDataset([]).get(0)).toThrow("it has no examples");
  });
});

describe("Subset", () => {
  test("picks examples", () => {
    const subset = new Subset(letters, [3, 3, 0]);
    expect([0, 1, 2].map((i) => subset.get(i))).toEqual(["d", "d", "a"]);
    expect(() => subset.get(3)).toThrow("Subset.get: there is no example 3; use a whole number from 0 to 2.");
  });

  test("refuses indices that its source does not have", () => {
    expect(() => new Subset(letters, [5])).toThrow("Subset: there is no example 5; use a whole number from 0 to 4.");
  });
});

describe("TensorDataset", () => {
  test("gives rows of its arrays", () => {
    const dataset = new TensorDataset({
      images: { data: Float32Array.from({ length: 12 }, (_, i) => i), shape: [2, 1, 2, 3] },
      labels: Int32Array.of(7, 8),
      valid: { data: Uint8Array.of(1, 0), dtype: "bool" },
    });
    expect(dataset.length).toBe(2);
    expect(dataset.get(1)).toEqual({
      images: { data: Float32Array.of(6, 7, 8, 9, 10, 11), shape: [1, 2, 3], dtype: "float32" },
      labels: { data: Int32Array.of(8), shape: [], dtype: "int32" },
      valid: { data: Uint8Array.of(0), shape: [], dtype: "bool" },
    });
    expect(() => dataset.get(2)).toThrow("TensorDataset.get: there is no example 2; use a whole number from 0 to 1.");
  });

  test("arrays fill their shapes, and have equally many rows", () => {
    expect(() => new TensorDataset({ x: { data: new Float32Array(5), shape: [2, 3] } })).toThrow(
      'TensorDataset: "x" has 5 elements, which do not fill shape [2, 3]',
    );
    expect(() => new TensorDataset({ x: new Float32Array(2), y: new Float32Array(3) })).toThrow(
      'TensorDataset: "x" has 2 examples and "y" has 3 (shapes [2] and [3]); the first axes must agree.',
    );
    expect(() => new TensorDataset({})).toThrow("no array was given");
  });

  test("an array's type must say its dtype", () => {
    expect(() => new TensorDataset({ x: new Int8Array(3) as unknown as Uint8Array })).toThrow(
      'TensorDataset: "x": a Int8Array has no dtype of its own here',
    );
  });
});

describe("splitDataset", () => {
  const numbers = (length: number): ArrayDataset<number> => new ArrayDataset([...Array(length).keys()]);

  test("its parts share nothing and miss nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1 }), fc.integer(), (sizes, seed) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const parts = splitDataset(numbers(total), sizes, { seed });
        expect(parts.map((part) => part.length)).toEqual(sizes);
        const all = parts.flatMap((part) => [...part.indices]);
        expect(all.sort((a, b) => a - b)).toEqual([...Array(total).keys()]);
      }),
    );
  });

  test("takes fractions, and gives what rounding leaves to the first parts", () => {
    const sizes = (length: number, fractions: number[]): number[] =>
      splitDataset(numbers(length), fractions).map((part) => part.length);
    expect(sizes(10, [0.8, 0.2])).toEqual([8, 2]);
    expect(sizes(1797, [0.8, 0.2])).toEqual([1438, 359]);
    expect(sizes(100, [0.7, 0.1, 0.1, 0.1])).toEqual([70, 10, 10, 10]);
    expect(sizes(2, [1 / 3, 1 / 3, 1 / 3])).toEqual([1, 1, 0]);
  });

  test("the same seed gives the same parts", () => {
    const order = (seed: number): number[] => [...splitDataset(numbers(50), [40, 10], { seed })[1].indices];
    expect(order(3)).toEqual(order(3));
    expect(order(3)).not.toEqual(order(4));
  });

  test("keeps the order if asked to", () => {
    expect([...splitDataset(numbers(5), [2, 3], { shuffle: false })[1].indices]).toEqual([2, 3, 4]);
  });

  test.each([[[3, 3]], [[0.5, 0.4]], [[6, -1]], [[2.5, 2.5]]])("refuses %j of five examples", (parts) => {
    expect(() => splitDataset(letters, parts)).toThrow(
      "give sizes that add up to 5 (the length of the dataset) or fractions that add up to 1.",
    );
  });
});
