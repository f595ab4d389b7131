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
import type { Optimizer } from "@sconce/optimizers";
import * as optimizers from "@sconce/optimizers";
import { describe, expect, test } from "vitest";

type Kind =
  | "sgd"
  | "adam"
  | "adamW"
  | "adagrad"
  | "adadelta"
  | "rmsprop"
  | "adamax"
  | "nadam"
  | "radam"
  | "lion"
  | "lamb";
type Options = Readonly<Record<string, number | boolean>>;

interface Golden {
  readonly problem: {
    readonly shapes: readonly (readonly number[])[];
    readonly start: readonly number[];
    readonly center: readonly number[];
    readonly curvature: readonly number[];
    readonly change: number;
  };
  readonly cases: readonly {
    readonly optimizer: Kind;
    readonly options: Options;
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

/** The formulas of the papers, one tensor at a time in plain numbers. */
function plainly(kind: Kind, options: Options): number[][] {
  const of = (name: string, otherwise: number): number => Number(options[name] ?? otherwise);
  const [momentum, dampening, decay] = [of("momentum", 0), of("dampening", 0), of("weightDecay", 0)];
  const [beta1, beta2] = [of("beta1", 0.9), of("beta2", kind === "lion" ? 0.99 : 0.999)];
  const epsilon = of("epsilon", kind === "lamb" ? 1e-6 : 1e-8);
  const [p, m, v] = [[...problem.start], new Array<number>(size).fill(0), new Array<number>(size).fill(0)];
  const lengthOf = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  const history: number[][] = [];
  for (let t = 1; t <= 100; t++) {
    const rate = of("learningRate", 0) * (t > problem.change ? 0.1 : 1);
    const noise = noiseAt(t);
    let from = 0;
    for (const shape of problem.shapes) {
      const elements = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => from + i);
      from += elements.length;
      const before = elements.map((i) => p[i]);
      const steps = elements.map((i) => {
        const g = problem.curvature[i] * (p[i] - problem.center[i]) + noise[i];
        const slope = g + decay * p[i];
        if (kind === "sgd") {
          m[i] = t === 1 ? slope : momentum * m[i] + (1 - dampening) * slope;
          return options.nesterov ? slope + momentum * m[i] : momentum > 0 ? m[i] : slope;
        }
        if (kind === "lion") {
          const direction = Math.sign(beta1 * m[i] + (1 - beta1) * g);
          m[i] = beta2 * m[i] + (1 - beta2) * g;
          return direction + decay * p[i];
        }
        const used = kind === "lamb" ? g : slope;
        m[i] = beta1 * m[i] + (1 - beta1) * used;
        v[i] = beta2 * v[i] + (1 - beta2) * used * used;
        const relative = m[i] / (1 - beta1 ** t) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon);
        return kind === "lamb" ? relative + decay * p[i] : relative;
      });
      const trust = kind === "lamb" ? lengthOf(before) / lengthOf(steps) : 1;
      elements.forEach((i, at) => {
        p[i] -= rate * trust * steps[at];
      });
    }
    history.push([...p]);
  }
  return history;
}

const largestError = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i])));

const makers = optimizers as unknown as Record<Kind, (parameters: Param[], options: Options) => Optimizer>;

describe.each(cases)("$optimizer $options", ({ optimizer, options, recorded }) => {
  const make = (parameters: Param[]): Optimizer => makers[optimizer](parameters, options);

  test("follows PyTorch, captured or not, and in float64 up to the float32 learning rate", async () => {
    const captured = await follow(make, "float32", true);
    const plain = await follow(make, "float32", false);
    const double = await follow(make, "float64", true);
    for (const [step, values] of Object.entries(recorded)) {
      const at = Number(step) - 1;
      expect(largestError(captured[at], values), `update ${step}`).toBeLessThan(5e-6);
      expect(largestError(double[at], values), `update ${step} in float64`).toBeLessThan(2e-6);
    }
    expect(plain.every((values, i) => largestError(values, captured[i]) < 2e-6)).toBe(true);
  });
});

const ownCases: [Kind, Options][] = [
  ["lion", { learningRate: 0.05 }],
  ["lion", { learningRate: 0.02, beta1: 0.7, beta2: 0.9, weightDecay: 0.5 }],
  ["lamb", { learningRate: 0.05 }],
  ["lamb", { learningRate: 0.02, beta1: 0.5, beta2: 0.9, epsilon: 0.01, weightDecay: 0.1 }],
];
const goldenCases = cases
  .filter(({ optimizer, options }) => optimizer === "sgd" || (optimizer === "adam" && !options.amsgrad))
  .map(({ optimizer, options }): [Kind, Options] => [optimizer, options]);

test.each([...goldenCases, ...ownCases])("%s %o follows the formulas at every update", async (kind, options) => {
  const expected = plainly(kind, options);
  const found = await follow((parameters) => makers[kind](parameters, options), "float32", true);
  found.forEach((values, i) => {
    expect(largestError(values, expected[i]), `update ${i + 1}`).toBeLessThan(5e-6);
  });
});
