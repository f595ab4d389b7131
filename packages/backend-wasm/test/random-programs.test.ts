/**
 * Random programs of several ops, over all dtypes and odd shapes, empty ones too, give what they give on the cpu backend.
 * (The conformance kit's programs are of small whole numbers, so that they are exact; these have fractions.)
 */
import { openCpu } from "@sconce/backend-cpu";
import * as core from "@sconce/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWasm, type WasmOptions } from "../src/index.ts";

type Tensor = core.Tensor;
type Op = (a: Tensor, b: Tensor, parameter: number) => Tensor | undefined;

const shapes: readonly core.Shape[] = [
  [3, 5],
  [5],
  [7, 13],
  [13],
  [17, 7],
  [2, 3, 17],
  [1, 130],
  [],
  [0, 5],
  [3, 0, 7],
];
const floats: readonly core.DType[] = ["float32", "float32", "float32", "float64", "float16"];
const whole = (x: Tensor): boolean => x.dtype === "int32" || x.dtype === "uint32" || x.dtype === "uint8";
const real = (x: Tensor): boolean => core.isFloat(x.dtype);

/** `b` in the dtype of `a`, as it is or by one of its elements, whichever fits. */
function beside(a: Tensor, b: Tensor): Tensor {
  const same = core.cast(real(a) === real(b) ? b : real(a) ? core.remainder(core.cast(b, "int32"), 5) : a, a.dtype);
  try {
    return core.sizeOf(core.broadcastShapes("beside", a.shape, same.shape)) < 4000 ? same : a;
  } catch {
    return a;
  }
}

const onFloats =
  (op: (a: Tensor, b: Tensor, parameter: number) => Tensor): Op =>
  (a, b, parameter) =>
    real(a) ? op(a, b, parameter) : undefined;
const onAxis =
  (op: (x: Tensor, axis: number) => Tensor): Op =>
  (a, _, parameter) =>
    a.rank > 0 && a.size > 0 ? op(a, parameter % a.rank) : undefined;

/** Every float stays between -2 and 2, and no integer comes from a fraction, whose rounding may differ. */
const ops: readonly Op[] = [
  (a, b) => (real(a) ? core.tanh(core.add(a, beside(a, b))) : core.add(a, beside(a, b))),
  (a, b) => (real(a) ? core.tanh(core.multiply(a, beside(a, b))) : core.multiply(a, beside(a, b))),
  (a, b) => core.maximum(a, beside(a, b)),
  onFloats((a, b) => core.sin(core.subtract(a, beside(a, b)))),
  onFloats((a) => core.log(core.add(core.square(a), 0.5))),
  onFloats((a, b) => core.tanh(core.divide(a, core.add(core.exp(beside(a, b)), 1)))),
  onFloats((a) => core.sqrt(core.add(core.abs(a), 0.25))),
  (a, b) => (whole(a) && whole(b) ? core.where(core.less(a, beside(a, b)), a, 3) : undefined),
  (a, _, parameter) => core.cast(a, real(a) ? floats[parameter % 5] : core.dtypes[parameter % core.dtypes.length]),
  onAxis((x, axis) => (real(x) ? core.mean(x, { axes: axis }) : core.sum(core.cast(x, "int32"), { axes: axis }))),
  onAxis((x, axis) => core.max(whole(x) || real(x) ? x : core.cast(x, "uint8"), { axes: axis, keepAxes: true })),
  onAxis((x, axis) => core.flip(x, axis)),
  onAxis((x, axis) => core.concatenate([x, core.flip(x, axis)], axis)),
  (a) => (a.rank === 2 ? a.transpose() : undefined),
  (a) => (real(a) && a.rank === 2 ? core.tanh(core.matmul(a, a, { transposeB: true })) : undefined),
  onFloats((a) => (a.rank > 0 ? core.softmax(a) : a)),
  onAxis((x, axis) =>
    core.gather(x, core.cast(core.remainder(core.multiply(core.cast(x, "int32"), 0).add(2), 3), "int32"), axis),
  ),
];

interface Description {
  readonly inputs: readonly (readonly [shape: number, dtype: number])[];
  readonly steps: readonly (readonly [op: number, a: number, b: number, parameter: number])[];
}

const choice = fc.nat(99);
const descriptions: fc.Arbitrary<Description> = fc.record({
  inputs: fc.array(fc.tuple(choice, choice), { minLength: 1, maxLength: 3 }),
  steps: fc.array(fc.tuple(choice, choice, choice, choice), { minLength: 1, maxLength: 10 }),
});

/** All tensors of the program that nothing else uses, as it is run once it is compiled. */
async function run({ inputs, steps }: Description): Promise<{ dtype: core.DType; values: number[] }[]> {
  const given = inputs.map(([s, d], i) => {
    const shape = shapes[s % shapes.length];
    const dtype = core.dtypes[d % core.dtypes.length];
    const value = (j: number): number => (core.isFloat(dtype) ? Math.sin(7 * j * j + i) : (j * 7 + i) % 11);
    const numbers = Array.from({ length: core.sizeOf(shape) }, (_, j) => (dtype === "bool" ? j % 2 : value(j)));
    return core.cast(core.tensor(numbers, { shape, dtype: "float64" }), dtype);
  });
  const step = core.compile((...tensors: Tensor[]) => {
    const values = [...tensors];
    const unused = new Set(values);
    for (const [op, a, b, parameter] of steps) {
      const operands = [values[a % values.length], values[b % values.length]] as const;
      const made = ops[op % ops.length](...operands, parameter);
      if (!made || made.size > 4000) continue;
      values.push(made);
      for (const operand of operands) unused.delete(operand);
      unused.add(made);
    }
    return [...unused];
  });
  await step(...given);
  const results = await step(...given);
  const read = await Promise.all(
    results.map(async (result) => ({ dtype: result.dtype, values: [...(await result.data())].map(Number) })),
  );
  step.dispose();
  return read;
}

const variants: readonly WasmOptions[] = [
  { threads: 1 },
  { threads: 2 },
  { threads: 1, relaxedSimd: false },
  { threads: 2, claims: false, optimize: false },
];

describe.each(variants)("a random program on wasm with %o", (options) => {
  let wasm: core.Backend;
  const cpu = openCpu() as unknown as core.Backend;
  beforeAll(async () => {
    wasm = (await openWasm(options)) as unknown as core.Backend;
  });
  afterAll(() => wasm.close?.());

  it("gives what it gives on the cpu backend", async () => {
    await fc.assert(
      fc.asyncProperty(descriptions, async (description) => {
        const expected = await core.withBackend(cpu, () => run(description));
        const found = await core.withBackend(wasm, () => run(description));
        // What is computed from a float16 is as coarse as that.
        const fraction = usesHalf(description) ? 2e-2 : 1e-4;
        expect(found.map(({ dtype }) => dtype)).toEqual(expected.map(({ dtype }) => dtype));
        expected.forEach(({ dtype, values }, i) => {
          const tolerance = core.isFloat(dtype) ? fraction : 0;
          expect(found[i].values).toHaveLength(values.length);
          const isClose = (value: number, other: number): boolean =>
            Object.is(value, other) || Math.abs(value - other) <= tolerance * Math.max(1, Math.abs(value));
          const wrong = values.findIndex((value, j) => !isClose(value, found[i].values[j]));
          expect(wrong, `${dtype}: ${found[i].values[wrong]} for ${values[wrong]}`).toBe(-1);
        });
      }),
      { numRuns: 40 },
    );
  });
});

function usesHalf({ inputs, steps }: Description): boolean {
  const half = core.dtypes.indexOf("float16");
  return (
    inputs.some(([, dtype]) => dtype % core.dtypes.length === half) ||
    steps.some(([op, , , parameter]) => op % ops.length === 8 && parameter % 5 === 4)
  );
}
