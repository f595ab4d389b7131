import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ConvolutionShape,
  convolution,
  convolutionInputGradient,
  convolutionWeightGradient,
} from "../../src/kernels/convolution.ts";
import {
  blank,
  eachTap,
  type FloatArray,
  type Geometry,
  geometries,
  outputExtent,
  wholeNumbers,
} from "./arbitraries.ts";

interface Operands {
  readonly x: FloatArray;
  readonly weight: FloatArray;
  readonly y: FloatArray;
}

function shapeOf({ batch, groups, inputs, outputs, size, kernel, ...rest }: Geometry): ConvolutionShape {
  const [inputHeight, inputWidth] = size;
  const [kernelHeight, kernelWidth] = kernel;
  const channels = { inputChannels: inputs * groups, outputChannels: outputs * groups };
  return { batch, groups, ...channels, inputHeight, inputWidth, kernelHeight, kernelWidth, ...rest };
}

function operands(geometry: Geometry, seed: number, wide: boolean): Operands {
  const { batch, groups, inputs, outputs, size, kernel } = geometry;
  const places = outputExtent(geometry, 0) * outputExtent(geometry, 1);
  return {
    x: wholeNumbers(batch * groups * inputs * size[0] * size[1], seed, wide),
    weight: wholeNumbers(groups * outputs * inputs * kernel[0] * kernel[1], seed + 1, wide),
    y: wholeNumbers(batch * groups * outputs * places, seed + 2, wide),
  };
}

/** Calls `visit` with the positions of every product in the sum that defines a convolution. */
function eachProduct(geometry: Geometry, visit: (x: number, weight: number, y: number) => void): void {
  const { batch, groups, inputs, outputs, size, kernel } = geometry;
  const [height, width] = [outputExtent(geometry, 0), outputExtent(geometry, 1)];
  for (let n = 0; n < batch; n++)
    for (let group = 0; group < groups; group++)
      for (let o = 0; o < outputs; o++)
        for (let c = 0; c < inputs; c++)
          eachTap(geometry, ([y, x], [i, j], [row, column]) => {
            const output = group * outputs + o;
            visit(
              ((n * groups * inputs + group * inputs + c) * size[0] + row) * size[1] + column,
              ((output * inputs + c) * kernel[0] + i) * kernel[1] + j,
              ((n * groups * outputs + output) * height + y) * width + x,
            );
          });
}

const property = (check: (geometry: Geometry, values: Operands, wide: boolean) => void): void =>
  fc.assert(
    fc.property(geometries, fc.nat(1000), fc.boolean(), (geometry, seed, wide) => {
      check(geometry, operands(geometry, seed, wide), wide);
    }),
    { numRuns: 300 },
  );

describe("convolution", () => {
  it("is the sum that defines it", () => {
    property((geometry, { x, weight, y }, wide) => {
      const expected = new Float64Array(y.length);
      eachProduct(geometry, (a, b, c) => {
        expected[c] += x[a] * weight[b];
      });
      const output = blank(y.length, wide);
      convolution(output, x, weight, shapeOf(geometry));
      expect([...output]).toEqual([...expected]);
    });
  });

  it("has the gradient of its input", () => {
    property((geometry, { x, weight, y }, wide) => {
      const expected = new Float64Array(x.length);
      eachProduct(geometry, (a, b, c) => {
        expected[a] += y[c] * weight[b];
      });
      const output = blank(x.length, wide);
      convolutionInputGradient(output, y, weight, shapeOf(geometry));
      expect([...output]).toEqual([...expected]);
    });
  });

  it("has the gradient of its weights", () => {
    property((geometry, { x, weight, y }, wide) => {
      const expected = new Float64Array(weight.length);
      eachProduct(geometry, (a, b, c) => {
        expected[b] += y[c] * x[a];
      });
      const output = blank(weight.length, wide);
      convolutionWeightGradient(output, x, y, shapeOf(geometry));
      expect([...output]).toEqual([...expected]);
    });
  });

  it("agrees on the shapes that networks use, where other paths are taken", () => {
    const shapes: Partial<Geometry>[] = [
      { inputs: 32, outputs: 32, size: [14, 14], kernel: [3, 3], padding: [1, 1, 1, 1] },
      { inputs: 17, outputs: 19, size: [23, 21], kernel: [3, 3], padding: [1, 1, 1, 1] },
      { inputs: 3, outputs: 16, size: [32, 32], kernel: [7, 7], stride: [2, 2], padding: [3, 3, 3, 3] },
      { inputs: 64, outputs: 48, size: [7, 7], kernel: [1, 1] },
      { inputs: 16, outputs: 32, size: [15, 15], kernel: [1, 1], stride: [2, 2] },
      { groups: 24, inputs: 1, outputs: 1, size: [14, 14], kernel: [3, 3], padding: [1, 1, 1, 1] },
      { groups: 4, inputs: 1, outputs: 2, size: [9, 9], kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
    ];
    for (const given of shapes) agree(given);
  });

  it("agrees where the work is cut into blocks", () => {
    const shapes: Partial<Geometry>[] = [
      // More taps than are packed at once, in every direction.
      { batch: 1, inputs: 2, outputs: 3, size: [34, 33], kernel: [30, 29], padding: [2, 0, 1, 3] },
      { batch: 1, inputs: 900, outputs: 3, size: [3, 4], kernel: [1, 2] },
      { batch: 1, inputs: 1, outputs: 2, size: [1, 1000], kernel: [1, 800], padding: [0, 0, 7, 7] },
      // More columns and more rows than the lanes hold.
      { batch: 1, inputs: 1, outputs: 2, size: [1, 40_000], kernel: [1, 5], stride: [1, 2], dilation: [1, 3] },
      { batch: 1, inputs: 1, outputs: 1, size: [1, 20_000], kernel: [1, 5], padding: [0, 0, 2, 2] },
      { batch: 1, inputs: 2, outputs: 2, size: [9000, 2], kernel: [3, 2], stride: [2, 1], padding: [1, 1, 1, 1] },
      // Tiles: several blocks of input and output channels, more tiles in a row than a block has, fewer pixels than a tile.
      { batch: 1, inputs: 260, outputs: 16, size: [6, 6], kernel: [3, 3], padding: [1, 1, 1, 1] },
      { batch: 1, inputs: 16, outputs: 132, size: [6, 6], kernel: [3, 3], padding: [1, 1, 1, 1] },
      { batch: 1, inputs: 16, outputs: 16, size: [9, 203], kernel: [3, 3], padding: [0, 2, 2, 0] },
      { batch: 9, groups: 2, inputs: 18, outputs: 17, size: [3, 5], kernel: [3, 3], padding: [2, 1, 1, 2] },
    ];
    for (const given of shapes) agree(given);
  });

  it("keeps an infinity to the windows that hold it", () => {
    for (const [groups, inputs] of [
      [1, 3],
      [3, 1],
    ]) {
      const base = { batch: 1, outputs: 1, stride: [1, 1], padding: [1, 1, 2, 2], dilation: [1, 1] } as const;
      const geometry: Geometry = { ...base, groups, inputs, size: [6, 7], kernel: [3, 5] };
      const { x, weight, y } = operands(geometry, 3, false);
      weight.fill(1);
      x[3 * 7 + 2] = Number.POSITIVE_INFINITY;
      const expected = new Float64Array(y.length);
      eachProduct(geometry, (a, b, c) => {
        expected[c] += x[a] * weight[b];
      });
      const output = blank(y.length, false);
      convolution(output, x, weight, shapeOf(geometry));
      expect([...output]).toEqual([...expected]);
    }
  });
});

/** Checks a convolution and its gradients to within rounding: Winograd's transforms divide. */
function agree(given: Partial<Geometry>): void {
  const base = { batch: 2, groups: 1, stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] } as const;
  const geometry = { ...base, ...given } as Geometry;
  const { x, weight, y } = operands(geometry, 7, false);
  const expected = [new Float64Array(y.length), new Float64Array(x.length), new Float64Array(weight.length)];
  eachProduct(geometry, (a, b, c) => {
    expected[0][c] += x[a] * weight[b];
    expected[1][a] += y[c] * weight[b];
    expected[2][b] += y[c] * x[a];
  });
  const results = expected.map(({ length }) => blank(length, false));
  convolution(results[0], x, weight, shapeOf(geometry));
  convolutionInputGradient(results[1], y, weight, shapeOf(geometry));
  convolutionWeightGradient(results[2], x, y, shapeOf(geometry));
  results.forEach((result, which) => {
    const largest = expected[which].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const worst = expected[which].reduce((most, value, i) => Math.max(most, Math.abs(result[i] - value)), 0);
    expect(worst / largest, `result ${which} of ${JSON.stringify(given)}`).toBeLessThan(1e-6);
  });
}
