/**
 * Lowers the learning rate when a metric no longer improves (`ReduceLROnPlateau` of PyTorch). The one schedule that
 * depends on what happened: it has state, which saves and restores as a plain object.
 *
 *   const plateau = new ReduceOnPlateau(0.1, { patience: 3 });
 *   plateau.apply(optimizer, validationLoss);   // after each epoch
 */
import { ArgumentError } from "@sconce/core";
import { checkAtLeast0, checkBelow1 } from "./check.ts";
import { checkLearningRate } from "./groups.ts";
import type { Scheduled } from "./schedule.ts";

export interface ReduceOnPlateauOptions {
  /** Whether lower ("min", by default) or higher ("max") metrics are better. */
  readonly mode?: "min" | "max";
  /** What the rate is multiplied with; 0.1 by default. */
  readonly factor?: number;
  /** How many observations without an improvement are borne; 10 by default. */
  readonly patience?: number;
  /** How much better than the best a metric must be to count; 1e-4 by default. */
  readonly threshold?: number;
  /** Whether the threshold is a part of the best ("relative", by default) or a difference ("absolute"). */
  readonly thresholdMode?: "relative" | "absolute";
  /** How many observations after a reduction do not count as bad; 0 by default. */
  readonly cooldown?: number;
  /** The lowest rate; 0 by default. */
  readonly minimum?: number;
  /** The smallest reduction that is worth making; 1e-8 by default. */
  readonly epsilon?: number;
}

/** What a `ReduceOnPlateau` knows. `best` is null until there is one. */
export interface PlateauState {
  readonly learningRate: number;
  readonly best: number | null;
  readonly badObservations: number;
  readonly cooldownLeft: number;
}

/** A learning rate that falls when a metric stays where it is. */
export class ReduceOnPlateau {
  readonly #options: Required<ReduceOnPlateauOptions>;
  #state: PlateauState;

  constructor(learningRate: number, options: ReduceOnPlateauOptions = {}) {
    const { mode = "min", factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = "relative" } = options;
    const { cooldown = 0, minimum = 0, epsilon = 1e-8 } = options;
    checkLearningRate("ReduceOnPlateau: learningRate", learningRate);
    checkBelow1("ReduceOnPlateau", "factor", factor);
    for (const [name, value] of Object.entries({ patience, threshold, cooldown, minimum, epsilon }))
      checkAtLeast0("ReduceOnPlateau", name, value);
    this.#options = { mode, factor, patience, threshold, thresholdMode, cooldown, minimum, epsilon };
    this.#state = { learningRate, best: null, badObservations: 0, cooldownLeft: 0 };
  }

  /** The present learning rate. */
  get learningRate(): number {
    return this.#state.learningRate;
  }

  /** Takes a metric into account and returns the learning rate that follows. */
  observe(metric: number): number {
    const { patience, cooldown, factor, minimum, epsilon } = this.#options;
    let { learningRate, best, badObservations, cooldownLeft } = this.#state;
    if (this.#improves(metric, best)) [best, badObservations] = [metric, 0];
    else badObservations++;
    if (cooldownLeft > 0) [cooldownLeft, badObservations] = [cooldownLeft - 1, 0];
    if (badObservations > patience) {
      const lower = Math.max(learningRate * factor, minimum);
      if (learningRate - lower > epsilon) learningRate = lower;
      [cooldownLeft, badObservations] = [cooldown, 0];
    }
    this.#state = { learningRate, best, badObservations, cooldownLeft };
    return learningRate;
  }

  /** Observes a metric, sets the learning rate of `optimizer`, and returns it. */
  apply(optimizer: Scheduled, metric: number): number {
    optimizer.learningRate = this.observe(metric);
    return optimizer.learningRate;
  }

  /** What it knows, ready for JSON. */
  stateDict(): PlateauState {
    return this.#state;
  }

  /** Continues from what `stateDict` returned. */
  loadStateDict(state: PlateauState): void {
    const { learningRate, best, badObservations, cooldownLeft } = state;
    if (![learningRate, best ?? 0, badObservations, cooldownLeft].every((value) => typeof value === "number")) {
      throw new ArgumentError(
        `ReduceOnPlateau.loadStateDict: the state is ${JSON.stringify(state)}; give what stateDict() returned.`,
      );
    }
    this.#state = { learningRate, best, badObservations, cooldownLeft };
  }

  #improves(metric: number, best: number | null): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    if (best === null) return mode === "min" ? metric < Number.POSITIVE_INFINITY : metric > Number.NEGATIVE_INFINITY;
    const sign = mode === "min" ? -1 : 1;
    const needed = thresholdMode === "relative" ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === "min" ? metric < needed : metric > needed;
  }
}
