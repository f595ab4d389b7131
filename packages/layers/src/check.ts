/** Checks of constructor arguments that several layers share. */
import { ArgumentError } from "@sconce/core";

/** `value` if it is a whole number of at least 1. */
export function checkCount(layer: string, name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new ArgumentError(`${layer}: ${name} is ${value}; give a whole number of at least 1.`);
}

/** `value` if it is a number from 0 to 1. */
export function checkProbability(layer: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new ArgumentError(`${layer}: the probability is ${value}; give a number from 0 to 1.`);
}

/** An extent for each of the named axes: one number stands for all. */
export function extents(
  layer: string,
  name: string,
  value: number | readonly number[],
  axes: readonly string[],
): number[] {
  const values = typeof value === "number" ? axes.map(() => value) : value;
  if (values.length !== axes.length) {
    throw new ArgumentError(`${layer}: ${name} is [${values.join(", ")}]; give one number, or [${axes.join(", ")}].`);
  }
  return values.map((extent) => checkCount(layer, name, extent));
}
