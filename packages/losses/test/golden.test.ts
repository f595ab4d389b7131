/** Values and gradients against PyTorch (tools/parity/losses.py). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import "@sconce/backend-cpu/register";
import {
  cast,
  type DType,
  evaluateAll,
  grad,
  logSoftmax,
  multiply,
  type Shape,
  softmax,
  sum,
  type Tensor,
  tensor,
} from "@sconce/core";
import * as losses from "@sconce/losses";
import { describe, expect, test } from "vitest";

interface GoldenTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: readonly (number | string)[];
}

interface GoldenCase {
  readonly name: string;
  /** A function that @sconce/losses exports. */
  readonly op: string;
  readonly inputs: readonly GoldenTensor[];
  readonly arguments: readonly unknown[];
  readonly result: GoldenTensor;
  /** Of sum(result * cotangent) by each float input. */
  readonly gradients?: readonly (readonly (number | string)[])[];
}

const folder = join(import.meta.dirname, "golden");
const families = readdirSync(folder).map((file): [string, readonly GoldenCase[]] => [
  file.slice(0, -5),
  JSON.parse(readFileSync(join(folder, file), "utf8")),
]);

const exported: ReadonlyMap<string, unknown> = new Map(Object.entries(losses));

/** What may be done to an input on its way: "logSoftmax($0, 1)". */
const preparations: Readonly<Record<string, (x: Tensor, axis: number) => Tensor>> = {
  logSoftmax: (x, axis) => logSoftmax(x, axis),
  softmax: (x, axis) => softmax(x, axis),
  float: (x) => cast(x, "float32"),
};

function resolve(argument: unknown, inputs: readonly Tensor[]): unknown {
  if (typeof argument === "string") {
    const match = argument.match(/^(?:(\w+)\()?\$(\d+)(?:, (\d+)\))?\)?(?: \/ (\d+))?$/);
    if (!match) return argument;
    const [, preparation, input, axis, divisor = 1] = match;
    const given = inputs[Number(input)];
    return preparation ? preparations[preparation](given, Number(axis)).div(Number(divisor)) : given;
  }
  if (typeof argument !== "object" || argument === null) return argument;
  return Object.fromEntries(Object.entries(argument).map(([name, entry]) => [name, resolve(entry, inputs)]));
}

/** tools/parity/golden.py has the same formula. */
function cotangent({ shape, size }: Tensor): Tensor {
  return tensor(
    Float32Array.from({ length: size }, (_, i) => (((i * 7) % 11) - 5) / 4),
    { shape },
  );
}

function expectClose(what: string, found: ArrayLike<number>, expected: readonly (number | string)[]): void {
  const values = expected.map(Number);
  const largest = Math.max(1e-2, ...values.filter(Number.isFinite).map(Math.abs));
  expect(found).toHaveLength(values.length);
  values.forEach((value, i) => {
    if (Object.is(found[i] + 0, value + 0)) return;
    expect(Math.abs(found[i] - value), `${what}, element ${i}: ${found[i]} for ${value}`).toBeLessThan(1e-5 * largest);
  });
}

describe.each(families)("%s", (_, cases) => {
  test.each(cases)("$name", async (golden) => {
    const inputs = golden.inputs.map(({ data, shape, dtype }) => tensor(data.map(Number), { shape, dtype }));
    const loss = exported.get(golden.op) as (...args: unknown[]) => Tensor;
    const result = loss(...golden.arguments.map((argument) => resolve(argument, inputs)));
    expect(result.shape).toEqual(golden.result.shape);
    const floats = inputs.filter(({ dtype }) => dtype === "float32");
    const gradients = golden.gradients ? grad(sum(multiply(result, cotangent(result))), floats) : [];
    await evaluateAll(result, ...gradients);
    expectClose("result", await result.data(), golden.result.data);
    for (const [i, expected] of (golden.gradients ?? []).entries())
      expectClose(`gradient ${i}`, await gradients[i].data(), expected);
  });
});

test("every loss function has a case", () => {
  const covered = new Set(families.flatMap(([, cases]) => cases.map(({ op }) => op)));
  const functions = [...exported.keys()].filter((name) => /^[a-z]/.test(name) && name !== "crossEntropy");
  expect(functions.filter((name) => !covered.has(name))).toEqual([]);
});
