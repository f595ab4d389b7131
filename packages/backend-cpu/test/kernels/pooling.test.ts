import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxPool, maxPoolGradient, maxPoolSelect, type PoolingShape } from "../../src/kernels/pooling.ts";
import { blank, eachTap, type Geometry, geometries, outputExtent, wholeNumbers } from "./arbitraries.ts";

function shapeOf(geometry: Geometry): PoolingShape {
  const { batch, inputs, size, kernel, stride, padding, dilation } = geometry;
  const output = [outputExtent(geometry, 0), outputExtent(geometry, 1)] as const;
  return { planes: batch * inputs, input: size, output, kernel, stride, padding, dilation };
}

/** Where the first maximum of each window of a plane is; -1 where a window holds nothing. A NaN is the largest. */
function firstMaxima(geometry: Geometry, plane: ArrayLike<number>): number[] {
  const width = outputExtent(geometry, 1);
  const at = new Array<number>(outputExtent(geometry, 0) * width).fill(-1);
  eachTap(geometry, ([y, x], _, [row, column]) => {
    const place = row * geometry.size[1] + column;
    const before = at[y * width + x];
    const [value, largest] = [plane[place], plane[before]];
    if (before < 0 || (!Number.isNaN(largest) && (Number.isNaN(value) || value > largest))) at[y * width + x] = place;
  });
  return at;
}

const property = (check: (geometry: Geometry, x: Float32Array, shape: PoolingShape) => void): void =>
  fc.assert(
    fc.property(geometries, fc.nat(1000), fc.boolean(), (geometry, seed, withNaN) => {
      const shape = shapeOf(geometry);
      const x = wholeNumbers(shape.planes * geometry.size[0] * geometry.size[1], seed, false) as Float32Array;
      if (withNaN) for (let i = seed % 7; i < x.length; i += 11) x[i] = Number.NaN;
      check(geometry, x, shape);
    }),
    { numRuns: 300 },
  );

/** The planes of x with the places of their maxima. */
function planes(
  geometry: Geometry,
  x: Float32Array,
  { planes: count }: PoolingShape,
): { start: number; at: number[] }[] {
  const size = geometry.size[0] * geometry.size[1];
  return Array.from({ length: count }, (_, plane) => ({
    start: plane * size,
    at: firstMaxima(geometry, x.subarray(plane * size, (plane + 1) * size)),
  }));
}

describe("max pooling", () => {
  it("takes the first maximum of each window", () => {
    property((geometry, x, shape) => {
      const expected = planes(geometry, x, shape).flatMap(({ start, at }) =>
        at.map((place) => (place < 0 ? Number.NEGATIVE_INFINITY : x[start + place])),
      );
      const output = blank(expected.length, false);
      maxPool(output, x, shape);
      expect([...output]).toEqual(expected);
    });
  });

  it("adds the gradient where the maxima are, and selects there", () => {
    property((geometry, x, shape) => {
      const maxima = planes(geometry, x, shape);
      const count = shape.output[0] * shape.output[1];
      const gradient = wholeNumbers(shape.planes * count, 5, false);
      const values = wholeNumbers(x.length, 6, false);
      const expected = new Float32Array(x.length);
      maxima.forEach(({ start, at }, plane) => {
        at.forEach((place, i) => {
          if (place >= 0) expected[start + place] += gradient[plane * count + i];
        });
      });
      const output = blank(x.length, false);
      maxPoolGradient(output, x, gradient, shape);
      expect([...output]).toEqual([...expected]);
      const selected = blank(gradient.length, false);
      maxPoolSelect(selected, x, values, shape);
      const chosen = maxima.flatMap(({ start, at }) => at.map((place) => (place < 0 ? 0 : values[start + place])));
      expect([...selected]).toEqual(chosen);
    });
  });
});
