/**
 * Schedules: learning rates as a function of the step, on the host. `at` is pure; an optimizer's learning rate is an
 * input of compiled programs, so what `apply` sets takes effect at the next update. A step may be an update or an epoch.
 */
import { ArgumentError } from "@sconce/core";

/** What a schedule sets; every optimizer is one. Groups follow in proportion. */
export interface Scheduled {
  learningRate: number;
}

/** Learning rates by step. */
export abstract class Schedule {
  /** The learning rate of a step, 0 being the first. */
  abstract at(step: number): number;

  /** Sets the learning rate of `optimizer` to that of `step`, and returns it. */
  apply(optimizer: Scheduled, step: number): number {
    optimizer.learningRate = this.at(step);
    return optimizer.learningRate;
  }
}

/** Refuses a step that is not a number of at least 0. */
export function checkStep(schedule: string, step: number): void {
  if (step >= 0 && step < Number.POSITIVE_INFINITY) return;
  throw new ArgumentError(`${schedule}.at: the step is ${step}; count steps from 0.`);
}

/** Refuses a number of steps that is not whole and at least 1. */
export function checkSteps(schedule: string, name: string, steps: number): void {
  if (Number.isInteger(steps) && steps >= 1) return;
  throw new ArgumentError(`${schedule}: ${name} is ${steps}; give a whole number of steps, at least 1.`);
}

/** Refuses a list of steps that does not rise. */
export function checkMilestones(schedule: string, milestones: readonly number[]): void {
  if (milestones.every((at, i) => Number.isInteger(at) && at > (i === 0 ? 0 : milestones[i - 1]))) return;
  throw new ArgumentError(
    `${schedule}: the milestones are [${milestones}]; give whole numbers above 0 that rise, for example [30, 60].`,
  );
}

/** From `start` to `end` along half a cosine, by the part of the way. */
export function alongCosine(start: number, end: number, part: number): number {
  return end + ((start - end) * (1 + Math.cos(Math.PI * part))) / 2;
}
