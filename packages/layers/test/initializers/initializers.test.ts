import "@sconce/backend-cpu/register";
import { eye, hashKey, matmul, type Tensor, tensor } from "@sconce/core";
import { Conv2d, dirac, orthogonal, truncatedNormal } from "@sconce/layers";
import { describe, expect, test } from "vitest";

const key = (): Tensor => tensor(new Uint32Array(hashKey(7, "test")));

describe("truncatedNormal", () => {
  /** The normal density. */
  const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

  test("has the moments of the cut distribution, and stays between its bounds", async () => {
    const data = await truncatedNormal({ mean: 1, deviation: 2, low: -3, high: 5 })([40_000], key(), "float32").data();
    expect(data.every((value) => value >= -3 && value <= 5)).toBe(true);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
    // Cut at two deviations: variance 1 - 4 phi(2) / (2 Phi(2) - 1).
    expect(mean).toBeCloseTo(1, 1);
    expect(variance / 4).toBeCloseTo(1 - (4 * density(2)) / 0.9544997361036416, 1);
  });

  test("reaches into the tail", async () => {
    const data = await truncatedNormal({ low: 3, high: Number.POSITIVE_INFINITY })([20_000], key(), "float32").data();
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    expect(mean).toBeCloseTo(density(3) / 0.0013498980316300933, 1);
    expect(data.every((value) => value >= 3 && value < 6.5)).toBe(true);
  });

  test("refuses empty intervals", () => {
    expect(() => truncatedNormal({ low: 1, high: 1 })).toThrow(/low below high/);
  });
});

describe("orthogonal", () => {
  test.each([
    [3, 7],
    [7, 3],
    [4, 4],
  ])("[%i, %i]", async (rows, columns) => {
    const w = orthogonal()([rows, columns], key(), "float32");
    const product = rows <= columns ? matmul(w, w, { transposeB: true }) : matmul(w, w, { transposeA: true });
    const [found, expected] = [await product.data(), await eye(Math.min(rows, columns)).data()];
    expected.forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 6);
    });
  });

  test("starts kernels, with a gain", async () => {
    const { weight } = await new Conv2d(2, 4, { kernelSize: 3, weightInitializer: orthogonal(2) }).stateDict();
    const rows = Array.from({ length: 4 }, (_, i) => weight.data.slice(i * 18, (i + 1) * 18) as Float32Array);
    for (const row of rows) expect(row.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(4, 5);
    expect(rows[0].reduce((sum, value, i) => sum + value * rows[1][i], 0)).toBeCloseTo(0, 5);
  });

  test("refuses vectors", () => {
    expect(() => orthogonal()([3], key(), "float32")).toThrow(/\[3\] is no matrix/);
  });
});

describe("dirac", () => {
  test("makes convolutions the identity, in groups too", async () => {
    const x = tensor(
      Float32Array.from({ length: 36 }, (_, i) => i),
      { shape: [1, 4, 3, 3] },
    );
    for (const groups of [1, 2]) {
      const layer = new Conv2d(4, 4, {
        kernelSize: 3,
        padding: 1,
        groups,
        bias: false,
        weightInitializer: dirac(groups),
      });
      expect(await layer.forward(x).data()).toEqual(await x.data());
    }
  });

  test("of a matrix is the identity", async () => {
    expect(await dirac()([2, 3], key(), "float32").data()).toEqual(new Float32Array([1, 0, 0, 0, 1, 0]));
    expect(() => dirac(2)([3, 3], key(), "float32")).toThrow(/multiple of groups/);
  });
});
