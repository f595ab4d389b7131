import "@sconce/backend-cpu/register";
import { randomNormal, tensor } from "@sconce/core";
import { GRUCell, RNNCell } from "@sconce/layers";
import { expect, test } from "vitest";
import { chart, powersAround } from "../src/chart.ts";
import { experiment } from "../src/experiment.ts";
import { gradientNorms } from "../src/gradient-norms.ts";
import { rememberLonger } from "../src/remember-longer.ts";
import { renderReport } from "../src/report.ts";

test("a linear recurrence shrinks the gradient by its factor", async () => {
  const cell = new RNNCell(1, 1, { nonlinearity: "relu", bias: false });
  cell.loadStateDict({ weight_ih: tensor([[1]]), weight_hh: tensor([[0.5]]) });
  expect(await gradientNorms(cell, tensor([[[1]], [[1]], [[1]]]))).toEqual([0.25, 0.5, 1]);
});

test("gates that start open keep gradients alive", async () => {
  const x = randomNormal([20, 2, 3], { seed: 1 });
  const cell = new GRUCell(3, 4);
  const [before] = await gradientNorms(cell, x);
  await rememberLonger(cell, 20);
  const [after] = await gradientNorms(cell, x);
  expect(after).toBeGreaterThan(100 * before);
});

test("the chart draws every curve inside its frame", () => {
  const curves = [1, 2].map((n) => ({ name: `c${n}`, color: "red", values: [1e-12, 10 ** -n, 1] }));
  expect(powersAround(curves)).toEqual([-15, 0]);
  const svg = chart(curves, { range: [-15, 0], title: "t" });
  const points = [...svg.matchAll(/points="([^"]+)"/g)].map(([, list]) => list.split(" "));
  expect(points.map(({ length }) => length)).toEqual([3, 3]);
  for (const [x, y] of points.flat().map((point) => point.split(",").map(Number))) {
    expect(x >= 0 && x <= 520 && y >= 0 && y <= 340).toBe(true);
  }
});

test("the report needs nothing but itself", async () => {
  const html = renderReport(await experiment({ steps: 6, batch: 2, inputs: 3, hidden: 4 }));
  expect(html.match(/<polyline/g)).toHaveLength(6);
  expect(html).not.toMatch(/NaN|undefined|<script|src=|https?:/);
});
