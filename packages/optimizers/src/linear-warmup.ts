/** Linear warm-up (Goyal et al. 2017; `LinearLR` of PyTorch): rate (start + (end - start) min(t, steps) / steps). */
import { checkAtLeast0 } from "./check.ts";
import { checkLearningRate } from "./groups.ts";
import { checkStep, checkSteps, Schedule } from "./schedule.ts";

export interface LinearWarmupOptions {
  /** How many steps there are to the end. */
  readonly steps: number;
  /** The first rate, as a part of the learning rate; 1/3 by default. */
  readonly start?: number;
  /** The last rate, as a part of the learning rate; 1 by default. */
  readonly end?: number;
}

/** Rises along a line and stays: `new LinearWarmup(0.1, { steps: 5, start: 0.1 })`. */
export class LinearWarmup extends Schedule {
  readonly #rate: number;
  readonly #steps: number;
  readonly #start: number;
  readonly #end: number;

  constructor(learningRate: number, { steps, start = 1 / 3, end = 1 }: LinearWarmupOptions) {
    super();
    checkLearningRate("LinearWarmup: learningRate", learningRate);
    checkSteps("LinearWarmup", "steps", steps);
    checkAtLeast0("LinearWarmup", "start", start);
    checkAtLeast0("LinearWarmup", "end", end);
    [this.#rate, this.#steps, this.#start, this.#end] = [learningRate, steps, start, end];
  }

  at(step: number): number {
    checkStep("LinearWarmup", step);
    return this.#rate * (this.#start + (this.#end - this.#start) * (Math.min(step, this.#steps) / this.#steps));
  }
}
