/**
 * Cosine annealing (`CosineAnnealingLR` of PyTorch) and its warm restarts, SGDR (Loshchilov and Hutter 2017;
 * `CosineAnnealingWarmRestarts`):  minimum + (rate - minimum) (1 + cos(pi t / T)) / 2.  Without restarts the rate rises
 * again after `steps`; with them t is counted from the last restart, and T grows by a factor each time.
 */
import { checkAtLeast0 } from "./check.ts";
import { checkLearningRate } from "./groups.ts";
import { alongCosine, checkStep, checkSteps, Schedule } from "./schedule.ts";

export interface CosineAnnealingOptions {
  /** How many steps the rate takes to the minimum. */
  readonly steps: number;
  /** The lowest rate; 0 by default. */
  readonly minimum?: number;
}

/** Falls to the minimum along half a cosine: `new CosineAnnealing(0.1, { steps: 100 })`. */
export class CosineAnnealing extends Schedule {
  readonly #rate: number;
  readonly #steps: number;
  readonly #minimum: number;

  constructor(learningRate: number, { steps, minimum = 0 }: CosineAnnealingOptions) {
    super();
    checkLearningRate("CosineAnnealing: learningRate", learningRate);
    checkSteps("CosineAnnealing", "steps", steps);
    checkAtLeast0("CosineAnnealing", "minimum", minimum);
    [this.#rate, this.#steps, this.#minimum] = [learningRate, steps, minimum];
  }

  at(step: number): number {
    checkStep("CosineAnnealing", step);
    return alongCosine(this.#rate, this.#minimum, step / this.#steps);
  }
}

export interface WarmRestartsOptions {
  /** How many steps there are to the first restart. */
  readonly steps: number;
  /** How much longer each following cycle is, a whole number; 1 by default. */
  readonly factor?: number;
  /** The lowest rate; 0 by default. */
  readonly minimum?: number;
}

/** Cosine annealing that starts over and over: `new WarmRestarts(0.1, { steps: 10, factor: 2 })`. */
export class WarmRestarts extends Schedule {
  readonly #rate: number;
  readonly #steps: number;
  readonly #factor: number;
  readonly #minimum: number;

  constructor(learningRate: number, { steps, factor = 1, minimum = 0 }: WarmRestartsOptions) {
    super();
    checkLearningRate("WarmRestarts: learningRate", learningRate);
    checkSteps("WarmRestarts", "steps", steps);
    checkSteps("WarmRestarts", "factor", factor);
    checkAtLeast0("WarmRestarts", "minimum", minimum);
    [this.#rate, this.#steps, this.#factor, this.#minimum] = [learningRate, steps, factor, minimum];
  }

  at(step: number): number {
    checkStep("WarmRestarts", step);
    let [since, length] = [step, this.#steps];
    if (this.#factor === 1) since %= length;
    while (since >= length) {
      since -= length;
      length *= this.#factor;
    }
    return alongCosine(this.#rate, this.#minimum, since / length);
  }
}
