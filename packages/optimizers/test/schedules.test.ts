/** Schedules against PyTorch (tools/parity/optimizers.py), step by step. */
import { readFileSync } from "node:fs";
import "@sconce/backend-cpu/register";
import { Param, tensor } from "@sconce/core";
import {
  CosineAnnealing,
  ExponentialDecay,
  LinearWarmup,
  MultiStepDecay,
  OneCycle,
  type OneCycleOptions,
  PolynomialDecay,
  ReduceOnPlateau,
  type ReduceOnPlateauOptions,
  type Schedule,
  ScheduleSequence,
  StepDecay,
  sgd,
  WarmRestarts,
} from "@sconce/optimizers";
import { describe, expect, test } from "vitest";

interface Golden {
  readonly metrics: readonly number[];
  readonly plateaus: readonly { readonly options: ReduceOnPlateauOptions; readonly rates: readonly number[] }[];
  readonly cases: readonly {
    readonly schedule: string;
    readonly options: never;
    readonly rates: readonly number[];
  }[];
}

const { metrics, plateaus, cases }: Golden = JSON.parse(
  readFileSync(new URL("golden/schedules.json", import.meta.url), "utf8"),
);

const makers: Record<string, (options: never) => Schedule> = {
  StepDecay: (options) => new StepDecay(0.1, options),
  MultiStepDecay: (options) => new MultiStepDecay(0.1, options),
  ExponentialDecay: (options) => new ExponentialDecay(0.1, options),
  PolynomialDecay: (options) => new PolynomialDecay(0.1, options),
  CosineAnnealing: (options) => new CosineAnnealing(0.1, options),
  WarmRestarts: (options) => new WarmRestarts(0.1, options),
  LinearWarmup: (options) => new LinearWarmup(0.1, options),
  OneCycle: (options) => new OneCycle(0.1, options),
  ScheduleSequence: (options) =>
    new ScheduleSequence(
      [
        new LinearWarmup(0.1, { steps: 8, start: 0.01 }),
        new CosineAnnealing(0.1, { steps: 32 }),
        new ExponentialDecay(0.1, { gamma: 0.5 }),
      ],
      options,
    ),
};

const optimizer = (): ReturnType<typeof sgd> =>
  sgd([new Param({ shape: [1], dtype: "float32" }, tensor([0]))], { learningRate: 0.1 });

describe.each(cases)("$schedule $options", ({ schedule, options, rates }) => {
  test("follows PyTorch, in any order of steps", () => {
    const made = makers[schedule](options);
    for (const step of [...rates.keys()].reverse())
      expect(Math.abs(made.at(step) - rates[step]), `step ${step}`).toBeLessThan(1e-12);
  });
});

describe.each(plateaus)("ReduceOnPlateau $options", ({ options, rates }) => {
  test("follows PyTorch", () => {
    const plateau = new ReduceOnPlateau(0.1, options);
    metrics.forEach((metric, i) => {
      expect(plateau.observe(metric), `observation ${i}`).toBeCloseTo(rates[i], 12);
    });
    expect(new Set(rates).size).toBeGreaterThan(2);
  });

  test("continues from its state, through JSON", () => {
    const first = new ReduceOnPlateau(0.1, options);
    for (const metric of metrics.slice(0, 20)) first.observe(metric);
    const second = new ReduceOnPlateau(1, options);
    second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())));
    for (const metric of metrics.slice(20)) expect(second.observe(metric)).toBe(first.observe(metric));
    expect(second.stateDict()).toEqual(first.stateDict());
  });
});

test("apply sets the rate of an optimizer, and of its groups in proportion", () => {
  const one = optimizer();
  expect(new StepDecay(0.5, { stepSize: 2 }).apply(one, 3)).toBeCloseTo(0.05, 12);
  expect(one.learningRate).toBeCloseTo(0.05, 12);
  expect(new ReduceOnPlateau(0.4).apply(one, 1)).toBe(0.4);
  const [a, b] = [optimizer().parameters[0], optimizer().parameters[0]];
  const grouped = sgd([{ parameters: [a], learningRate: 0.1 }, { parameters: [b] }], { learningRate: 1 });
  new LinearWarmup(1, { steps: 4, start: 0 }).apply(grouped, 2);
  expect(grouped.groups.map(({ learningRate }) => learningRate)).toEqual([0.05, 0.5]);
});

test("after the last step the rate stays", () => {
  const cycle = new OneCycle(1, { steps: 10, initialDivisor: 10, finalDivisor: 10 });
  expect(cycle.at(25)).toBeCloseTo(0.01, 12);
  expect(new PolynomialDecay(1, { steps: 3 }).at(10)).toBe(0);
  expect(new WarmRestarts(1, { steps: 10 }).at(1e9)).toBe(1);
});

test("ReduceOnPlateau leaves alone what is not worth reducing, and takes NaN as bad", () => {
  const plateau = new ReduceOnPlateau(1e-8, { patience: 0 });
  for (let i = 0; i < 3; i++) plateau.observe(1);
  expect(plateau.learningRate).toBe(1e-8);
  const anxious = new ReduceOnPlateau(1, { patience: 0 });
  expect(anxious.observe(Number.NaN)).toBe(0.1);
});

describe("errors", () => {
  test("say what was given and what is needed", () => {
    expect(() => new StepDecay(0.1, { stepSize: 0 })).toThrow(/StepDecay: stepSize is 0; give a whole number/);
    expect(() => new StepDecay(-1, { stepSize: 1 })).toThrow(/StepDecay: learningRate is -1/);
    expect(() => new StepDecay(0.1, { stepSize: 1 }).at(-1)).toThrow(
      /StepDecay.at: the step is -1; count steps from 0/,
    );
    expect(() => new MultiStepDecay(0.1, { milestones: [5, 5] })).toThrow(/milestones are \[5,5\].*that rise/);
    expect(() => new PolynomialDecay(0.1, { steps: 5, power: 0 })).toThrow(/power is 0/);
    expect(() => new WarmRestarts(0.1, { steps: 5, factor: 1.5 })).toThrow(/factor is 1.5/);
    expect(() => new CosineAnnealing(0.1, { steps: 5, minimum: -1 })).toThrow(/minimum is -1/);
    expect(() => new OneCycle(0.1, { steps: 100, rising: 0.6, threePhase: true })).toThrow(/rising is 0.6.*below 0.5/);
    expect(() => new OneCycle(0.1, { steps: 10, initialDivisor: 0 } satisfies OneCycleOptions)).toThrow(
      /divisors are 0/,
    );
    expect(() => new ScheduleSequence([], { milestones: [] })).toThrow(/0 schedules with 0 milestones/);
    expect(() => new ReduceOnPlateau(0.1, { factor: 1 })).toThrow(/factor is 1/);
    expect(() => new ReduceOnPlateau(0.1).loadStateDict({} as never)).toThrow(/the state is {}; give what stateDict/);
  });
});
