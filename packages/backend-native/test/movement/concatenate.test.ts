/** Rows that are joined, short ones by all threads and long ones in pieces, against plain copies. */
import type { DType } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { loadAddon } from "../../src/addon.ts";
import { describeConcatenate } from "../../src/claims/concatenate.ts";

interface Case {
  readonly title: string;
  readonly rows: number;
  /** Elements of a row of each input. */
  readonly widths: readonly number[];
}

const cases: readonly Case[] = [
  { title: "few short rows", rows: 3, widths: [1, 4] },
  { title: "many rows of single elements", rows: 9001, widths: [1, 1, 1] },
  { title: "many short rows", rows: 5003, widths: [3, 1, 7] },
  { title: "many inputs", rows: 257, widths: Array.from({ length: 60 }, (_, i) => 1 + (i % 5)) },
  { title: "one input", rows: 700, widths: [31] },
  { title: "long rows", rows: 3, widths: [40_000, 1, 90_001] },
  { title: "one long row", rows: 1, widths: [100_003, 70_000] },
];

/** The same bytes in a row by row copy. */
function joined(inputs: readonly Uint8Array[], rows: number): Uint8Array {
  const parts = Array.from({ length: rows }, (_, row) =>
    inputs.map((bytes) => bytes.subarray((row * bytes.length) / rows, ((row + 1) * bytes.length) / rows)),
  );
  return Uint8Array.from(Buffer.concat(parts.flat()));
}

const types: readonly DType[] = ["uint8", "float16", "float32", "float64"];

test.runIf(testsNative).each(cases)("$title", ({ rows, widths }) => {
  const addon = loadAddon();
  for (const dtype of types) {
    const shapes = widths.map((width) => [rows, width]);
    const output = [rows, widths.reduce((a, b) => a + b)];
    const description = describeConcatenate({
      op: "concatenate",
      attributes: { axis: 1 },
      inputs: shapes.map((shape) => ({ shape, dtype })),
      output: { shape: output, dtype },
    });
    const [element] = description ?? [];
    const inputs = shapes.map(([, width], input) =>
      Uint8Array.from({ length: rows * width * (element as number) }, (_, i) => (i * 31 + input * 97 + (i >> 8)) & 255),
    );
    const expected = joined(inputs, rows);
    for (const threads of [1, 2, 5]) {
      const device = addon.open(threads);
      try {
        const kernel = addon.kernel(device, "concatenate", Float64Array.from(description ?? []));
        const buffers = inputs.map((bytes) => {
          const buffer = addon.allocate(device, bytes.length);
          addon.write(device, buffer, bytes);
          return buffer;
        });
        const result = addon.allocate(device, expected.length);
        addon.run(device, addon.program(device, [kernel!]), Int32Array.from([...buffers, result]));
        const got = new Uint8Array(addon.readSync(device, result, expected.length));
        expect(Buffer.compare(got, expected), `${dtype}, ${threads} threads`).toBe(0);
      } finally {
        addon.close(device);
      }
    }
  }
});
