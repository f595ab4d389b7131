/**
 * The one-cycle policy (Smith and Topin 2019; `OneCycleLR` of PyTorch without its cycle of momenta): from
 * maximum / initialDivisor up to the maximum, and down to maximum / initialDivisor / finalDivisor. In three phases it
 * comes down as it went up, and only then goes on to the end. After the last step the rate stays.
 */
import { ArgumentError } from "@sconce/core";
import { checkLearningRate } from "./groups.ts";
import { alongCosine, checkStep, checkSteps, Schedule } from "./schedule.ts";

export interface OneCycleOptions {
  /** How many steps the cycle has. */
  readonly steps: number;
  /** The part of the steps in which the rate rises; 0.3 by default. */
  readonly rising?: number;
  /** Along half a cosine or a line; "cosine" by default. */
  readonly shape?: "cosine" | "linear";
  /** The maximum in terms of the first rate; 25 by default. */
  readonly initialDivisor?: number;
  /** The first rate in terms of the last; 1e4 by default. */
  readonly finalDivisor?: number;
  /** Whether there is a third phase; false by default. */
  readonly threePhase?: boolean;
}

interface Phase {
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** Up to the maximum and far down: `new OneCycle(0.1, { steps: 1000 })`, with a step per update. */
export class OneCycle extends Schedule {
  readonly #phases: readonly Phase[];
  readonly #shape: "cosine" | "linear";

  constructor(maximum: number, options: OneCycleOptions) {
    super();
    const { steps, rising = 0.3, shape = "cosine", initialDivisor = 25, finalDivisor = 1e4 } = options;
    checkLearningRate("OneCycle: maximum", maximum);
    checkSteps("OneCycle", "steps", steps);
    const { threePhase = false } = options;
    const highest = threePhase ? 0.5 : 1;
    if (!(rising > 0 && rising < highest && rising * steps > 1)) {
      throw new ArgumentError(
        `OneCycle: rising is ${rising} of ${steps} steps; give a part above 0 and below ${highest} that is more than one step.`,
      );
    }
    if (!(initialDivisor > 0 && finalDivisor > 0)) {
      throw new ArgumentError(
        `OneCycle: the divisors are ${initialDivisor} and ${finalDivisor}; give numbers above 0.`,
      );
    }
    const first = maximum / initialDivisor;
    const top = rising * steps - 1;
    this.#phases = [
      { end: top, from: first, to: maximum },
      ...(threePhase ? [{ end: 2 * top, from: maximum, to: first }] : []),
      { end: steps - 1, from: threePhase ? first : maximum, to: first / finalDivisor },
    ];
    this.#shape = shape;
  }

  at(step: number): number {
    checkStep("OneCycle", step);
    let start = 0;
    for (const { end, from, to } of this.#phases) {
      const part = (step - start) / (end - start);
      if (step <= end) return this.#shape === "cosine" ? alongCosine(from, to, part) : from + (to - from) * part;
      start = end;
    }
    return this.#phases[this.#phases.length - 1].to;
  }
}
