import "@sconce/backend-cpu/register";
import { grad, type Tensor, tensor, zeros } from "@sconce/core";
import { elu, GLU, Maxout, PReLU, SELU, Softplus, selu } from "@sconce/layers";
import { describe, expect, test } from "vitest";

test("activations stay finite, and so do their slopes, where e^x overflows", async () => {
  const x = tensor([1000, -1000]);
  for (const activation of [elu, selu, (x: Tensor) => new Softplus().forward(x)]) {
    const slope = await grad(activation(x).sum(), x).data();
    expect(slope[0]).toBeGreaterThanOrEqual(1);
    expect(slope[1]).toBe(0);
  }
});

test("SELU keeps mean 0 and variance 1 of normal inputs", async () => {
  // Quantiles of the normal distribution in place of random numbers.
  const quantiles = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 400);
  const density = Array.from(quantiles, (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) / 400);
  const y = await new SELU().forward(tensor(quantiles)).data();
  const moment = (power: number): number => density.reduce((sum, weight, i) => sum + weight * y[i] ** power, 0);
  expect(moment(1)).toBeCloseTo(0, 4);
  expect(moment(2)).toBeCloseTo(1, 4);
});

describe("Maxout", () => {
  const [inputs, outputs, pieces] = [3, 2, 4];
  const number = (i: number): number => Math.fround(Math.sin(i * i + 1));
  const weight = Array.from({ length: outputs * pieces }, (_, row) =>
    Array.from({ length: inputs }, (_, i) => number(row * inputs + i)),
  );
  const bias = weight.map((_, row) => number(row + 100));
  const rows = Array.from({ length: 5 }, (_, n) =>
    Array.from({ length: inputs }, (_, i) => number(n * inputs + i + 200)),
  );
  const cotangent = rows.map((_, n) => Array.from({ length: outputs }, (_, o) => number(n * outputs + o + 300)));

  test("is the largest piece, and trains that piece alone", async () => {
    const layer = new Maxout(inputs, outputs, pieces);
    layer.loadStateDict({ "linear.weight": tensor(weight), "linear.bias": tensor(bias) });
    const x = tensor(rows);
    const y = layer.forward(x);
    const gradients = grad(y.mul(tensor(cotangent)).sum(), { x, weight: layer.linear.weight });
    const expected = {
      y: [] as number[],
      x: rows.map((row) => row.map(() => 0)),
      weight: weight.map((row) => row.map(() => 0)),
    };
    rows.forEach((row, n) => {
      for (let o = 0; o < outputs; o++) {
        const values = weight
          .slice(o * pieces, (o + 1) * pieces)
          .map((w, j) => w.reduce((sum, value, i) => sum + value * row[i], bias[o * pieces + j]));
        const best = o * pieces + values.indexOf(Math.max(...values));
        expected.y.push(Math.max(...values));
        row.forEach((value, i) => {
          expected.weight[best][i] += cotangent[n][o] * value;
          expected.x[n][i] += cotangent[n][o] * weight[best][i];
        });
      }
    });
    for (const [found, wanted] of [
      [y, expected.y],
      [gradients.x, expected.x.flat()],
      [gradients.weight, expected.weight.flat()],
    ] as const) {
      const data = await found.data();
      wanted.forEach((value, i) => {
        expect(data[i]).toBeCloseTo(value, 5);
      });
    }
  });

  test("keeps the axes in front", () => {
    expect(new Maxout(3, 2, 5).forward(zeros([4, 6, 3])).shape).toEqual([4, 6, 2]);
  });
});

test("errors show what was given and the fix", () => {
  expect(() => new PReLU(3).forward(zeros([2, 4]))).toThrow("with 3 slopes it must be [N, 3, ...]");
  expect(() => new GLU().forward(zeros([2, 3]))).toThrow(/axis 1 of \[2, 3\] has 3 elements.*twice as many/);
  expect(() => new Maxout(3, 2, 0)).toThrow("Maxout: pieces is 0");
});
