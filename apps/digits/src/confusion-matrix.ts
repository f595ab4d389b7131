/** Which digits were taken for which. */
import { styleText } from "node:util";
import type { Prediction } from "./evaluate.ts";

/** How often each digit (row) was predicted as each digit (column). */
export type ConfusionMatrix = readonly (readonly number[])[];

export function confusionMatrix(predictions: readonly Prediction[]): ConfusionMatrix {
  const matrix = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  for (const { label, predicted } of predictions) matrix[label][predicted]++;
  return matrix;
}

/** The matrix as lines of text: a dot for never, and colours, if wanted, for right and wrong. */
export function formatConfusionMatrix(matrix: ConfusionMatrix, { colors }: { readonly colors: boolean }): string {
  const paint = (style: "dim" | "green" | "red", text: string): string =>
    colors ? styleText(style, text, { validateStream: false }) : text;
  const cell = (times: number, right: boolean): string => {
    const text = (times === 0 ? "." : String(times)).padStart(4);
    return paint(times === 0 ? "dim" : right ? "green" : "red", text);
  };
  const columns = matrix.map((_, digit) => String(digit).padStart(4)).join("");
  const rows = matrix.map(
    (row, digit) => `true ${digit}    ${row.map((times, i) => cell(times, i === digit)).join("")}`,
  );
  return [`predicted ${columns}`, ...rows].join("\n");
}
