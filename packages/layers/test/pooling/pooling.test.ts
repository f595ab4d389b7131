import "@sconce/backend-cpu/register";
import { grad, type Tensor, tensor } from "@sconce/core";
import { LPPool1d, LPPool2d, SpatialPyramidPooling } from "@sconce/layers";
import { describe, expect, test } from "vitest";

const image = (batch: number, channels: number, height: number, width: number): Tensor =>
  tensor(
    Float32Array.from({ length: batch * channels * height * width }, (_, i) => Math.sin(i * i)),
    { shape: [batch, channels, height, width] },
  );

describe("SpatialPyramidPooling", () => {
  /** The formula in float64: results, and where each maximum was. */
  function pyramid(
    data: ArrayLike<number>,
    [batch, channels, height, width]: readonly number[],
    levels: readonly number[],
  ): { value: number; at: number; mean: number }[] {
    const bins: { value: number; at: number; mean: number }[] = [];
    for (let n = 0; n < batch; n++) {
      for (const level of levels) {
        for (let c = 0; c < channels; c++) {
          for (let bin = 0; bin < level * level; bin++) {
            const [row, column] = [Math.floor(bin / level), bin % level];
            let [value, at, sum, count] = [Number.NEGATIVE_INFINITY, 0, 0, 0];
            for (let h = Math.floor((row * height) / level); h < Math.ceil(((row + 1) * height) / level); h++) {
              for (let w = Math.floor((column * width) / level); w < Math.ceil(((column + 1) * width) / level); w++) {
                const position = ((n * channels + c) * height + h) * width + w;
                sum += data[position];
                count++;
                if (data[position] > value) [value, at] = [data[position], position];
              }
            }
            bins.push({ value, at, mean: sum / count });
          }
        }
      }
    }
    return bins;
  }

  test.each([
    [5, 7],
    [8, 8],
    [4, 13],
  ])("of %i x %i images gives vectors of one length, each bin's maximum or mean", async (height, width) => {
    const x = image(2, 3, height, width);
    const bins = pyramid(await x.data(), x.shape, [1, 2, 4]);
    const y = new SpatialPyramidPooling().forward(x);
    expect(y.shape).toEqual([2, 3 * (1 + 4 + 16)]);
    expect([...(await y.data())]).toEqual(bins.map(({ value }) => value));
    const means = await new SpatialPyramidPooling([1, 2, 4], { mode: "average" }).forward(x).data();
    bins.forEach(({ mean }, i) => {
      expect(means[i]).toBeCloseTo(mean, 5);
    });
    const slopes = new Float32Array(x.size);
    for (const { at } of bins) slopes[at]++;
    expect(await grad(y.sum(), x).data()).toEqual(slopes);
  });

  test("needs levels", () => {
    expect(() => new SpatialPyramidPooling([])).toThrow("the number of levels is 0");
    expect(() => new SpatialPyramidPooling([1, 0])).toThrow("a level is 0");
  });
});

describe("LPPool", () => {
  test("of large order approaches the maximum", async () => {
    const y = await new LPPool2d(30, 2)
      .forward(
        tensor([
          [
            [
              [0.5, 1],
              [0.25, 0.75],
            ],
          ],
        ]),
      )
      .data();
    expect(y[0]).toBeCloseTo(1, 3);
  });

  test("has slope 0 where everything is 0", async () => {
    const x = tensor([[[0, 0, 3, 4]]]);
    const y = new LPPool1d(2, 2).forward(x);
    expect(await y.data()).toEqual(new Float32Array([0, 5]));
    const slopes = await grad(y.sum(), x).data();
    [0, 0, 0.6, 0.8].forEach((value, i) => {
      expect(slopes[i]).toBeCloseTo(value, 6);
    });
  });

  test("needs a positive order", () => {
    expect(() => new LPPool1d(0, 2)).toThrow("the order is 0; give a positive number");
  });
});
