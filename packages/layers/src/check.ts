/** Checks of constructor arguments that several layers share. */
import { ArgumentError } from "@sconce/core";

/** `value` if it is a whole number of at least 1. */
export function checkCount(layer: string, name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new ArgumentError(`${layer}: ${name} is ${value}; give a whole number of at least 1.`);
}

/** An extent for height and for width. */
export function pair(layer: string, name: string, value: number | readonly number[]): readonly [number, number] {
  const [height, width] = typeof value === "number" ? [value, value] : value;
  if (typeof value !== "number" && value.length !== 2) {
    throw new ArgumentError(`${layer}: ${name} is [${value.join(", ")}]; give one number, or [height, width].`);
  }
  return [checkCount(layer, name, height), checkCount(layer, name, width)];
}
