/**
 * How the share of tokens that come from the target falls during training (Bengio et al. 2015).
 *
 * Each function makes a schedule from the number of steps done to a ratio. Give it to a compiled step as a tensor:
 * `step(source, target, scalar(schedule(i)))`.
 */
import { ArgumentError } from "@sconce/core";

/** From the number of training steps done to a ratio from 0 to 1. */
export type TeacherForcing = (step: number) => number;

/** From 1 down to `lowest` (0 by default) in `steps` equal steps. */
export function linearTeacherForcing(steps: number, lowest = 0): TeacherForcing {
  positive("linearTeacherForcing", "steps", steps);
  return (step) => Math.max(lowest, 1 - ((1 - lowest) * step) / steps);
}

/** factor^step, with a factor below 1. */
export function exponentialTeacherForcing(factor: number): TeacherForcing {
  if (!(factor > 0 && factor < 1)) {
    throw new ArgumentError(`exponentialTeacherForcing: the factor is ${factor}; give a number between 0 and 1.`);
  }
  return (step) => factor ** step;
}

/** k / (k + exp(step / k)): near 1 for about k log(k) steps, then falling towards 0. */
export function sigmoidTeacherForcing(k: number): TeacherForcing {
  positive("sigmoidTeacherForcing", "k", k);
  return (step) => k / (k + Math.exp(step / k));
}

function positive(schedule: string, name: string, value: number): void {
  if (!(value > 0)) throw new ArgumentError(`${schedule}: ${name} is ${value}; give a number above 0.`);
}
