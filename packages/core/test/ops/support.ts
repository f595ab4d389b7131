/** What the tests of ops share: plain arrays as the reference, arbitraries of them, and comparisons. */
import { openCpu } from "@sconce/backend-cpu";
import {
  type DType,
  data,
  grad,
  type Shape,
  ShapeError,
  sizeOf,
  stridesOf,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import fc from "fast-check";
import { expect } from "vitest";

/** An array of JavaScript numbers in row-major order. */
export interface Plain {
  readonly shape: Shape;
  readonly data: readonly number[];
}

/** The array whose element at each position is `value(position)`. */
export function plain(shape: Shape, value: (position: number[]) => number): Plain {
  const strides = stridesOf(shape);
  const positionOf = (flat: number): number[] => shape.map((extent, axis) => Math.floor(flat / strides[axis]) % extent);
  return { shape, data: Array.from({ length: sizeOf(shape) }, (_, i) => value(positionOf(i))) };
}

export function at(x: Plain, position: readonly number[]): number {
  const strides = stridesOf(x.shape);
  return x.data[position.reduce((sum, index, axis) => sum + index * strides[axis], 0)];
}

/** `at`, or `otherwise` outside the array. */
export function atOr(x: Plain, position: readonly number[], otherwise: number): number {
  return position.every((index, axis) => index >= 0 && index < x.shape[axis]) ? at(x, position) : otherwise;
}

/** `at` a position of a shape that `x` broadcasts to. */
export function atBroadcast(x: Plain, position: readonly number[]): number {
  const skipped = position.length - x.shape.length;
  return at(
    x,
    x.shape.map((extent, axis) => (extent === 1 ? 0 : position[axis + skipped])),
  );
}

/** Every position of a shape, in row-major order. */
export function positions(shape: Shape): number[][] {
  const found: number[][] = [];
  plain(shape, (position) => found.push(position));
  return found;
}

export function toTensor(x: Plain, dtype: DType = "float32"): Tensor {
  return tensor(x.data.flat(), { shape: x.shape, dtype });
}

/** Checks shape and elements; numbers may differ by `tolerance`, relative where they are larger than 1. */
export async function expectValues(actual: Tensor, expected: Plain, tolerance = 1e-5): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  const values = await data(actual);
  expected.data.forEach((number, i) => {
    const error = Math.abs(values[i] - number);
    const close =
      Object.is(number, values[i]) || number === values[i] || error <= tolerance * Math.max(1, Math.abs(number));
    if (!close) expect.fail(`element ${i} of [${actual.shape.join(", ")}] is ${values[i]}, expected ${number}`);
  });
}

// Arbitraries.

/** Quarters from -4 to 4: sums and products of a few of them are exact. */
export const quarters: fc.Arbitrary<number> = fc.integer({ min: -16, max: 16 }).map((n) => n / 4);

/** Extents with 0 and 1 among them. */
export const extents: fc.Arbitrary<number> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 4 }) },
);

export function shapes(
  minimumRank: number,
  maximumRank: number,
  extent: fc.Arbitrary<number> = extents,
): fc.Arbitrary<number[]> {
  return fc.array(extent, { minLength: minimumRank, maxLength: maximumRank });
}

export function plainOf(shape: Shape, elements: fc.Arbitrary<number> = quarters): fc.Arbitrary<Plain> {
  const length = sizeOf(shape);
  return fc.array(elements, { minLength: length, maxLength: length }).map((list) => ({ shape, data: list }));
}

/** An array of any shape. */
export function plains(
  elements: fc.Arbitrary<number> = quarters,
  minimumRank = 0,
  maximumRank = 3,
): fc.Arbitrary<Plain> {
  return shapes(minimumRank, maximumRank).chain((shape) => plainOf(shape, elements));
}

/** A shape and one that broadcasts to it: some leading axes missing, some extents 1. */
export function broadcastable(shape: Shape): fc.Arbitrary<number[]> {
  return fc
    .tuple(
      fc.integer({ min: 0, max: shape.length }),
      fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
    )
    .map(([skipped, single]) => shape.map((extent, axis) => (single[axis] ? 1 : extent)).slice(skipped));
}

/** Runs an asynchronous property. */
export async function check<T>(
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
  numRuns = 50,
): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, property), { numRuns });
}

const withoutClaims = openCpu({ claims: false });
const interpreted = openCpu({ claims: false, generateCode: false });

/** Runs `fn` on the default backend, then by decomposition alone, then interpreted. Tensors must be made inside. */
export async function onEachWay(fn: () => Promise<void>): Promise<void> {
  await fn();
  await withBackend(withoutClaims, fn);
  await withBackend(interpreted, fn);
}

/**
 * Compares the gradients of `fn` with central differences along one random direction, in float64, and, unless `order`
 * is 1, the gradients of these gradients as well. The elements of `inputs` must be where `fn` is smooth.
 */
export async function expectGradient(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Plain[],
  order: 1 | 2 = 2,
): Promise<void> {
  const noise = (i: number): number => Math.sin(12.9898 * (i + 1)) * 1.5;
  const weigh = (y: Tensor, seed: number): Tensor =>
    y
      .mul(
        tensor(
          Array.from({ length: y.size }, (_, i) => noise(i + seed)),
          { shape: y.shape, dtype: "float64" },
        ),
      )
      .sum();
  const value = (xs: Tensor[]): Tensor => weigh(fn(...xs), 7);
  const slope = (xs: Tensor[]): Tensor =>
    grad(value(xs), xs)
      .map((g, i) => weigh(g, 100 * i))
      .reduce((a, b) => a.add(b));
  for (const scalar of order === 1 ? [value] : [value, slope]) {
    const step = 1e-5;
    const moved = (sign: number): Tensor[] =>
      inputs.map((x, i) =>
        toTensor({ ...x, data: x.data.map((n, at) => n + sign * step * noise(31 * i + at + 3)) }, "float64"),
      );
    const [above, below] = [await scalar(moved(1)).item(), await scalar(moved(-1)).item()];
    const here = moved(0);
    const gradients = grad(scalar(here), here);
    let predicted = 0;
    for (const [i, gradient] of gradients.entries()) {
      expect(gradient.shape).toEqual(inputs[i].shape);
      (await data(gradient)).forEach((g, at) => {
        predicted += g * noise(31 * i + at + 3);
      });
    }
    const measured = (above - below) / (2 * step);
    const error = Math.abs(predicted - measured);
    if (!(error <= 1e-5 * Math.max(1, Math.abs(measured)))) {
      expect.fail(`derivative of order ${scalar === value ? 1 : 2}: rule gives ${predicted}, differences ${measured}`);
    }
  }
}

/** Checks that `fn` throws a ShapeError (or `type`) whose message has all the given parts. */
export function expectRefusal(
  fn: () => unknown,
  parts: readonly string[],
  type: new (message: string) => Error = ShapeError,
): void {
  try {
    fn();
  } catch (error) {
    expect(error).toBeInstanceOf(type);
    for (const part of parts) expect((error as Error).message).toContain(part);
    return;
  }
  expect.fail(`expected an error that says ${parts.join(", ")}`);
}
