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
    for (const given of shapes) {
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
      // Winograd's transforms divide, so whole numbers come back to within rounding.
      results.forEach((result, which) => {
        const largest = Math.max(1, ...expected[which].map(Math.abs));
        const worst = Math.max(...Array.from(result, (value, i) => Math.abs(value - expected[which][i])));
        expect(worst / largest).toBeLessThan(1e-6);
      });
    }
  });
});
