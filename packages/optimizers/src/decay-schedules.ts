/**
 * Schedules that only fall (`StepLR`, `MultiStepLR`, `ExponentialLR` and `PolynomialLR` of PyTorch):
 *   step          rate gamma^floor(t / stepSize)
 *   multi-step    rate gamma^(number of milestones up to t)
 *   exponential   rate gamma^t
 *   polynomial    rate (1 - min(t, steps) / steps)^power
 */
import { ArgumentError } from "@sconce/core";
import { checkAtLeast0 } from "./check.ts";
import { checkLearningRate } from "./groups.ts";
import { checkMilestones, checkStep, checkSteps, Schedule } from "./schedule.ts";

export interface StepDecayOptions {
  /** How many steps have the same rate. */
  readonly stepSize: number;
  /** What the rate is multiplied with after them; 0.1 by default. */
  readonly gamma?: number;
}

/** Multiplies the rate by `gamma` every `stepSize` steps: `new StepDecay(0.1, { stepSize: 30 })`. */
export class StepDecay extends Schedule {
  readonly #rate: number;
  readonly #stepSize: number;
  readonly #gamma: number;

  constructor(learningRate: number, { stepSize, gamma = 0.1 }: StepDecayOptions) {
    super();
    checkLearningRate("StepDecay: learningRate", learningRate);
    checkSteps("StepDecay", "stepSize", stepSize);
    checkAtLeast0("StepDecay", "gamma", gamma);
    [this.#rate, this.#stepSize, this.#gamma] = [learningRate, stepSize, gamma];
  }

  at(step: number): number {
    checkStep("StepDecay", step);
    return this.#rate * this.#gamma ** Math.floor(step / this.#stepSize);
  }
}

export interface MultiStepDecayOptions {
  /** The steps from which on the rate is lower, rising. */
  readonly milestones: readonly number[];
  /** What the rate is multiplied with at each; 0.1 by default. */
  readonly gamma?: number;
}

/** Multiplies the rate by `gamma` at each milestone: `new MultiStepDecay(0.1, { milestones: [30, 60] })`. */
export class MultiStepDecay extends Schedule {
  readonly #rate: number;
  readonly #milestones: readonly number[];
  readonly #gamma: number;

  constructor(learningRate: number, { milestones, gamma = 0.1 }: MultiStepDecayOptions) {
    super();
    checkLearningRate("MultiStepDecay: learningRate", learningRate);
    checkMilestones("MultiStepDecay", milestones);
    checkAtLeast0("MultiStepDecay", "gamma", gamma);
    [this.#rate, this.#milestones, this.#gamma] = [learningRate, [...milestones], gamma];
  }

  at(step: number): number {
    checkStep("MultiStepDecay", step);
    return this.#rate * this.#gamma ** this.#milestones.filter((at) => at <= step).length;
  }
}

export interface ExponentialDecayOptions {
  /** What the rate is multiplied with at every step. */
  readonly gamma: number;
}

/** Multiplies the rate by `gamma` at every step: `new ExponentialDecay(0.1, { gamma: 0.95 })`. */
export class ExponentialDecay extends Schedule {
  readonly #rate: number;
  readonly #gamma: number;

  constructor(learningRate: number, { gamma }: ExponentialDecayOptions) {
    super();
    checkLearningRate("ExponentialDecay: learningRate", learningRate);
    checkAtLeast0("ExponentialDecay", "gamma", gamma);
    [this.#rate, this.#gamma] = [learningRate, gamma];
  }

  at(step: number): number {
    checkStep("ExponentialDecay", step);
    return this.#rate * this.#gamma ** step;
  }
}

export interface PolynomialDecayOptions {
  /** After how many steps the rate is 0. */
  readonly steps: number;
  /** 1 (a straight line) by default. */
  readonly power?: number;
}

/** Falls to 0 along a power of the steps that are left: `new PolynomialDecay(0.1, { steps: 100, power: 2 })`. */
export class PolynomialDecay extends Schedule {
  readonly #rate: number;
  readonly #steps: number;
  readonly #power: number;

  constructor(learningRate: number, { steps, power = 1 }: PolynomialDecayOptions) {
    super();
    checkLearningRate("PolynomialDecay: learningRate", learningRate);
    checkSteps("PolynomialDecay", "steps", steps);
    if (!(power > 0)) throw new ArgumentError(`PolynomialDecay: power is ${power}; give a number above 0.`);
    [this.#rate, this.#steps, this.#power] = [learningRate, steps, power];
  }

  at(step: number): number {
    checkStep("PolynomialDecay", step);
    return this.#rate * (1 - Math.min(step, this.#steps) / this.#steps) ** this.#power;
  }
}
