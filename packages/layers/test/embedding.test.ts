import "@sconce/backend-cpu/register";
import { tensor, zeros } from "@sconce/core";
import { Bilinear, Embedding } from "@sconce/layers";
import { expect, test } from "vitest";

test("the padding token starts at zero, the others are normal", async () => {
  const { weight } = await new Embedding(2000, 4, { paddingIndex: -1 }).stateDict();
  const rows = weight.data as Float32Array;
  expect(rows.subarray(-4)).toEqual(new Float32Array(4));
  expect(rows.subarray(0, -4).every((value) => value !== 0)).toBe(true);
  expect(Math.sqrt(rows.reduce((sum, value) => sum + value * value, 0) / rows.length)).toBeCloseTo(1, 1);
});

test("a token outside the table gives NaN", async () => {
  expect([...(await new Embedding(2, 1).forward(tensor([2], { dtype: "int32" })).data())]).toEqual([Number.NaN]);
});

test("errors show what was given and the fix", () => {
  expect(() => new Embedding(4, 2, { paddingIndex: 4 })).toThrow("paddingIndex is 4; give a token of the 4, -4 to 3");
  expect(() => new Embedding(4, 2).forward(zeros([2]))).toThrow(/indices are float32/);
  expect(() => new Bilinear(2, 3, 4).forward(zeros([5, 2]), zeros([4, 3]))).toThrow(
    /x1 has shape \[5, 2\] and x2 \[4, 3\]/,
  );
});
