/** Checks of options that several optimizers share. */
import { ArgumentError } from "@sconce/core";

/** Refuses what is not a finite number of at least 0. */
export function checkAtLeast0(optimizer: string, name: string, value: number): void {
  if (value >= 0 && value < Number.POSITIVE_INFINITY) return;
  throw new ArgumentError(`${optimizer}: ${name} is ${value}; give a finite number of at least 0.`);
}

/** Refuses what is not in [0, 1). */
export function checkBelow1(optimizer: string, name: string, value: number): void {
  if (value >= 0 && value < 1) return;
  throw new ArgumentError(
    `${optimizer}: ${name} is ${value}; give a number of at least 0 and below 1, for example 0.9.`,
  );
}
