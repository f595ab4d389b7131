import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { confusionMatrix, formatConfusionMatrix } from "../src/confusion-matrix.ts";

const read = (label: number, predicted: number) => ({ label, predicted, probability: 1, ink: [] });
const matrix = confusionMatrix([read(0, 0), read(0, 0), read(3, 8), read(9, 9)]);

test("counts predictions by true and predicted digit", () => {
  expect(matrix.length).toBe(10);
  expect(matrix.flat().reduce((sum, times) => sum + times)).toBe(4);
  expect([matrix[0][0], matrix[3][8], matrix[8][3], matrix[9][9]]).toEqual([2, 1, 0, 1]);
});

test("is a table of text", () => {
  expect(formatConfusionMatrix(matrix, { colors: false }).split("\n").slice(0, 5)).toEqual([
    "predicted    0   1   2   3   4   5   6   7   8   9",
    "true 0       2   .   .   .   .   .   .   .   .   .",
    "true 1       .   .   .   .   .   .   .   .   .   .",
    "true 2       .   .   .   .   .   .   .   .   .   .",
    "true 3       .   .   .   .   .   .   .   .   1   .",
  ]);
});

test("colours change nothing else", () => {
  const colored = formatConfusionMatrix(matrix, { colors: true });
  expect(colored).toContain("\u001b[31m   1");
  expect(stripVTControlCharacters(colored)).toBe(formatConfusionMatrix(matrix, { colors: false }));
});
