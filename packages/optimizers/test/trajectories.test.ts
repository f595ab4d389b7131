/** A hundred updates against PyTorch (tools/parity/optimizers.py), and against the formulas in plain float64. */
import { readFileSync } from "node:fs";
import "@sconce/backend-cpu/register";
import {
  add,
  compile,
  type DType,
  grad,
  multiply,
  Param,
  square,
  subtract,
  sum,
  type Tensor,
  tensor,
} from "@sconce/core";
import { type AdamOptions, adam, type Optimizer, type SGDOptions, sgd } from "@sconce/optimizers";
import { describe, expect, test } from "vitest";

interface Golden {
  readonly problem: {
    readonly shapes: readonly (readonly number[])[];
    readonly start: readonly number[];
    readonly center: readonly number[];
    readonly curvature: readonly number[];
    readonly change: number;
  };
  readonly cases: readonly {
    readonly optimizer: "sgd" | "adam";
    readonly options: SGDOptions & AdamOptions;
    readonly recorded: Readonly<Record<string, readonly number[]>>;
  }[];
}

const { problem, cases }: Golden = JSON.parse(
  readFileSync(new URL("golden/trajectories.json", import.meta.url), "utf8"),
);
const size = problem.start.length;
const noiseAt = (step: number): number[] => Array.from({ length: size }, (_, i) => Math.sin(step * (i + 1)));

/** The values end to end as tensors of the problem's shapes. */
function split(values: readonly number[], dtype: DType): Tensor[] {
  let from = 0;
  return problem.shapes.map((shape) => {
    const part = values.slice(from, from + shape.reduce((a, b) => a * b, 1));
    from += part.length;
    return tensor(part, { dtype }).reshape(shape);
  });
}

/** What sconce makes of the problem: the parameters after each step. */
async function follow(make: (parameters: Param[]) => Optimizer, dtype: DType, captured: boolean): Promise<number[][]> {
  const parameters = split(problem.start, dtype).map(
    ({ shape }, i) => new Param({ shape, dtype }, () => split(problem.start, dtype)[i]),
  );
  const optimizer = make(parameters);
  const update = (...noise: Tensor[]): Tensor => {
    const [center, curvature] = [split(problem.center, dtype), split(problem.curvature, dtype)];
    const losses = parameters.map(({ value }, i) =>
      sum(add(multiply(square(subtract(value, center[i])), curvature[i].mul(0.5)), multiply(noise[i], value))),
    );
    const loss = losses.reduce((a, b) => add(a, b));
    optimizer.update(grad(loss, parameters));
    return loss;
  };
  const step = captured ? compile(update) : update;
  const history: number[][] = [];
  for (let t = 1; t <= 100; t++) {
    await step(...split(noiseAt(t), dtype));
    history.push((await Promise.all(parameters.map(async ({ value }) => [...(await value.data())]))).flat());
    if (t === problem.change) optimizer.learningRate *= 0.1;
  }
  return history;
}

/** The formulas, one number at a time. */
function plainly(kind: "sgd" | "adam", options: SGDOptions & AdamOptions): number[][] {
  const {
    momentum = 0,
    dampening = 0,
    nesterov = false,
    weightDecay = 0,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
  } = options;
  const [p, m, v] = [[...problem.start], new Array<number>(size).fill(0), new Array<number>(size).fill(0)];
  const history: number[][] = [];
  for (let t = 1; t <= 100; t++) {
    const rate = options.learningRate * (t > problem.change ? 0.1 : 1);
    const noise = noiseAt(t);
    for (let i = 0; i < size; i++) {
      const g = problem.curvature[i] * (p[i] - problem.center[i]) + noise[i] + weightDecay * p[i];
      if (kind === "sgd") {
        m[i] = t === 1 ? g : momentum * m[i] + (1 - dampening) * g;
        p[i] -= rate * (nesterov ? g + momentum * m[i] : momentum > 0 ? m[i] : g);
      } else {
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        p[i] -= (rate * (m[i] / (1 - beta1 ** t))) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon);
      }
    }
    history.push([...p]);
  }
  return history;
}

const largestError = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i])));

describe.each(cases)("$optimizer $options", ({ optimizer, options, recorded }) => {
  const make = (parameters: Param[]): Optimizer =>
    optimizer === "sgd" ? sgd(parameters, options) : adam(parameters, options);

  test("follows PyTorch and the formulas, captured or not", async () => {
    const expected = plainly(optimizer, options);
    for (const [step, values] of Object.entries(recorded))
      expect(largestError(expected[Number(step) - 1], values), `formulas at ${step}`).toBeLessThan(1e-9);
    const captured = await follow(make, "float32", true);
    captured.forEach((values, i) => {
      expect(largestError(values, expected[i]), `update ${i + 1}`).toBeLessThan(5e-6);
    });
    expect((await follow(make, "float32", false)).every((values, i) => largestError(values, captured[i]) < 2e-6)).toBe(
      true,
    );
  });

  test("in float64 is off by no more than the float32 learning rate", async () => {
    const found = await follow(make, "float64", true);
    const expected = plainly(optimizer, options);
    found.forEach((values, i) => {
      expect(largestError(values, expected[i]), `update ${i + 1}`).toBeLessThan(1e-6);
    });
  });
});
