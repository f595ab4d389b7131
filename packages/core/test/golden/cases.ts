/** The golden cases that tools/parity writes, and how one is run. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as core from "@sconce/core";
import {
  type Backend,
  type DType,
  grad,
  isFloat,
  multiply,
  type Shape,
  sizeOf,
  sum,
  Tensor,
  tensor,
  withBackend,
} from "@sconce/core";

type GoldenNumber = number | "NaN" | "Infinity" | "-Infinity";

interface GoldenTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: readonly GoldenNumber[];
}

/** One tensor, or arrays and objects of them. */
type GoldenTree = GoldenTensor | readonly GoldenTree[] | { readonly [name: string]: GoldenTree };

export interface GoldenCase {
  readonly name: string;
  /** A function that core exports. */
  readonly op: string;
  readonly inputs: readonly GoldenTensor[];
  /** Arguments of the function: "$0" is the first input, and so on. */
  readonly arguments: readonly unknown[];
  readonly result: GoldenTree;
  /** Of sum(output * cotangent), summed over the float outputs, with respect to each float input. */
  readonly gradients?: readonly (readonly GoldenNumber[])[];
  /** Of the same sum over `gradients`. */
  readonly secondGradients?: readonly (readonly GoldenNumber[])[];
}

export const families: ReadonlyMap<string, readonly GoldenCase[]> = new Map(
  readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(".json"))
    .map((file) => [file.slice(0, -5), JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8"))]),
);

const exported: ReadonlyMap<string, unknown> = new Map(Object.entries(core));

/** A computed tensor beside what it should be. */
export interface Comparison {
  readonly what: string;
  readonly actual: Tensor;
  readonly expected: GoldenTensor;
}

/** Runs a case on `backend` and returns everything that it says, computed and expected. */
export async function runCase(golden: GoldenCase, backend: Backend): Promise<readonly Comparison[]> {
  return withBackend(backend, async () => {
    const comparisons = compareCase(golden);
    await core.evaluateAll(...comparisons.map(({ actual }) => actual));
    return comparisons;
  });
}

function compareCase(golden: GoldenCase): readonly Comparison[] {
  const inputs = golden.inputs.map(({ data, shape, dtype }) => tensor(data.map(Number), { shape, dtype }));
  const fn = exported.get(golden.op) as (...args: readonly unknown[]) => unknown;
  const comparisons = pair(
    "result",
    fn(...golden.arguments.map((argument) => resolve(argument, inputs))),
    golden.result,
  );
  if (!golden.gradients) return comparisons;
  const floats = inputs.filter(({ dtype }) => dtype === "float32");
  const outputs = comparisons.map(({ actual }) => actual).filter(({ dtype }) => dtype === "float32");
  const gradients = grad(weighted(outputs, 0), floats);
  const expected = (data: readonly GoldenNumber[], i: number): GoldenTensor => ({
    shape: floats[i].shape,
    dtype: "float32",
    data,
  });
  golden.gradients.forEach((data, i) => {
    comparisons.push({ what: `gradient ${i}`, actual: gradients[i], expected: expected(data, i) });
  });
  const second = golden.secondGradients && grad(weighted(gradients, outputs.length), floats);
  golden.secondGradients?.forEach((data, i) => {
    comparisons.push({
      what: `second gradient ${i}`,
      actual: (second as readonly Tensor[])[i],
      expected: expected(data, i),
    });
  });
  return comparisons;
}

/** Inputs in the place of their names, and numbers that JSON cannot hold. */
function resolve(argument: unknown, inputs: readonly Tensor[]): unknown {
  if (Array.isArray(argument)) return argument.map((entry) => resolve(entry, inputs));
  if (typeof argument === "string" && /^\$\d+$/.test(argument)) return inputs[Number(argument.slice(1))];
  if (argument === "Infinity" || argument === "-Infinity") return Number(argument);
  if (typeof argument !== "object" || argument === null) return argument;
  return Object.fromEntries(Object.entries(argument).map(([name, entry]) => [name, resolve(entry, inputs)]));
}

function pair(what: string, actual: unknown, expected: GoldenTree): Comparison[] {
  if (actual instanceof Tensor) return [{ what, actual, expected: expected as GoldenTensor }];
  return Object.entries(expected).flatMap(([name, part]) =>
    pair(`${what}.${name}`, (actual as Record<string, unknown>)[name], part),
  );
}

/** The sum of every element times its cotangent: tools/parity/golden.py has the same formula. */
function weighted(outputs: readonly Tensor[], first: number): Tensor {
  return outputs
    .map((output, i) => {
      const weights = Float32Array.from(
        { length: sizeOf(output.shape) },
        (_, at) => (((at * 7 + (first + i) * 3) % 11) - 5) / 4,
      );
      return sum(multiply(output, tensor(weights, { shape: output.shape })));
    })
    .reduce((a, b) => a.add(b));
}

/** What differs: floats by more than 1e-5 of the largest magnitude, anything else at all; undefined if nothing does. */
export function difference(actual: ArrayLike<number>, expected: GoldenTensor): string | undefined {
  const values = expected.data.map(Number);
  if (actual.length !== values.length) return `${actual.length} elements instead of ${values.length}`;
  const largest = Math.max(0, ...values.filter(Number.isFinite).map(Math.abs));
  // Sums that cancel to (almost) nothing leave rounding errors of terms of about 1.
  const tolerance = isFloat(expected.dtype) ? 1e-5 * Math.max(largest, 1e-2) : 0;
  const wrong = values.findIndex(
    (value, i) => !(Object.is(actual[i] + 0, value + 0) || Math.abs(actual[i] - value) <= tolerance),
  );
  return wrong < 0
    ? undefined
    : `element ${wrong} is ${actual[wrong]} instead of ${values[wrong]} (the largest is ${largest})`;
}
