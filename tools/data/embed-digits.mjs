// Writes packages/data/src/digits/packed.ts, the handwritten digits as a module, from their CSV file:
// 64 values from 0 to 16 and a label per line, plain or compressed by gzip.
//
// usage: node tools/data/embed-digits.mjs digits.csv.gz
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const [file] = process.argv.slice(2);
if (!file) {
  console.error("usage: node tools/data/embed-digits.mjs digits.csv.gz");
  process.exit(2);
}
const bytes = readFileSync(file);
const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString();
const rows = text
  .trim()
  .split(/\r?\n/)
  .map((line) => line.split(",").map(Number));
for (const [i, row] of rows.entries()) {
  const fits = row.length === 65 && row.every((value) => Number.isInteger(value) && value >= 0 && value <= 16);
  if (!fits || row[64] > 9)
    throw new Error(`${file}:${i + 1}: expected 64 values from 0 to 16 and a label from 0 to 9`);
}
const values = rows.flatMap((row) => row.slice(0, 64));

/** The length of each value's Huffman code. */
function huffmanLengths(values) {
  const counts = new Array(17).fill(0);
  for (const value of values) counts[value]++;
  const lengths = new Array(17).fill(0);
  let trees = counts.map((count, value) => ({ count, values: [value] }));
  while (trees.length > 1) {
    trees.sort((a, b) => b.count - a.count);
    const [a, b] = [trees.pop(), trees.pop()];
    for (const value of [...a.values, ...b.values]) lengths[value]++;
    trees = [...trees, { count: a.count + b.count, values: [...a.values, ...b.values] }];
  }
  return lengths;
}

/** The canonical code with these lengths: shorter codes first, then smaller values. */
function canonicalCodes(lengths) {
  const codes = [];
  let code = 0;
  for (let length = 1; length <= Math.max(...lengths); length++, code <<= 1) {
    lengths.forEach((own, value) => {
      if (own === length) codes[value] = (code++).toString(2).padStart(length, "0");
    });
  }
  return codes;
}

const lengths = huffmanLengths(values);
const codes = canonicalCodes(lengths);
const bits = values.map((value) => codes[value]).join("");
const packed = Buffer.from(bits.match(/.{1,8}/g).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2)));
const wrap = (string) => string.match(/.{1,118}/g).join("\n");

const output = join(import.meta.dirname, "..", "..", "packages", "data", "src", "digits", "packed.ts");
writeFileSync(
  output,
  `/**
 * The handwritten digits, packed. Written by tools/data/embed-digits.mjs: do not edit.
 *
 * Data: "Optical Recognition of Handwritten Digits" (its test set of ${rows.length} images), E. Alpaydin and C. Kaynak, 1998,
 * UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, licensed under CC BY 4.0
 * (https://creativecommons.org/licenses/by/4.0/). Changed only in form: the values are packed as a Huffman code.
 */

/** How many bits the code of each value from 0 to 16 has; the code is canonical. */
export const codeLengths: readonly number[] = [${lengths.join(", ")}];

/** The label of each image. */
export const labels: string = \`
${wrap(rows.map((row) => row[64]).join(""))}
\`;

/** The codes of all values, image by image and row by row, as base64. */
export const values: string = \`
${wrap(packed.toString("base64"))}
\`;
`,
);
console.log(`${rows.length} images in ${packed.length} bytes, ${output}`);
