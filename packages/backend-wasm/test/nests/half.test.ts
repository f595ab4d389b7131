/** float16 and float32, every pattern one way and the neighbourhood of every tie the other. */
import { type DType, floatToHalf, halfToFloat, type LoopNest } from "@sconce/core";
import { afterAll, expect, it } from "vitest";
import { closeAll, run, ways } from "./run-nest.ts";

afterAll(closeAll);

const copy = (size: number, from: DType, to: DType): LoopNest => ({
  shape: [size],
  inputs: [from],
  body: [
    { kind: "load", input: 0, dtype: from, access: { kind: "affine", offset: 0, strides: [1] } },
    { kind: "apply", operator: "cast", dtype: to, operands: [0] },
  ],
  epilogue: [],
  stores: [{ value: 1, dtype: to }],
});

const halves = Float64Array.from({ length: 65536 }, (_, pattern) => halfToFloat(pattern));

it("reads every pattern as core does", async () => {
  const [numbers] = await run(ways[0], copy(65536, "float16", "float32"), [halves]);
  expect(numbers).toEqual(halves);
});

it("rounds to the nearest, and ties to even", async () => {
  const finite = halves.filter((value) => Number.isFinite(value) && value >= 0).sort();
  const tried = [...finite].flatMap((value, i) => {
    const middle = (value + (finite[i + 1] ?? 65536)) / 2;
    return [value, middle, middle * (1 - 2 ** -20), middle * (1 + 2 ** -20)].flatMap((x) => [x, -x]);
  });
  const inputs = Float64Array.from([...tried, 1e6, -1e6, 1e-9, Number.POSITIVE_INFINITY, Number.NaN], Math.fround);
  const [stored] = await run(ways[0], copy(inputs.length, "float32", "float16"), [inputs]);
  const expected = inputs.map((value) => halfToFloat(floatToHalf(value)));
  expect(stored.findIndex((value, i) => !Object.is(value, expected[i]))).toBe(-1);
});
