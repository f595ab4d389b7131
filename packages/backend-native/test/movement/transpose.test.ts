/** Transposed matrices, bit by bit, at the edges of tiles and blocks. */
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { loadAddon } from "../../src/addon.ts";

const shapes: readonly (readonly [matrices: number, rows: number, columns: number])[] = [
  [1, 1, 1],
  [1, 1, 9],
  [2, 2, 33],
  [1, 3, 50000],
  [5, 4, 17],
  [1, 5, 100],
  [3, 16, 16],
  [1, 16, 15],
  [1, 15, 16],
  [2, 67, 130],
  [1, 200, 3],
  [1, 1000, 81],
];

test.runIf(testsNative).each(shapes)("%i of %i x %i", (matrices, rows, columns) => {
  const addon = loadAddon();
  const device = addon.open(2);
  const size = matrices * rows * columns;
  // Bit patterns, among them those of NaN with a payload.
  const source = Uint32Array.from({ length: size }, (_, i) => Math.imul(i + 1, 2654435761));
  const [from, to] = [size, size + 1].map((length) => addon.allocate(device, 4 * length));
  addon.write(device, from, new Uint8Array(source.buffer));
  addon.write(device, to, new Uint8Array(4 * (size + 1)).fill(7));
  const kernel = addon.kernel(device, "transpose", Float64Array.of(matrices, rows, columns));
  addon.run(device, addon.program(device, [kernel!]), Int32Array.of(from, to));
  const result = new Uint32Array(addon.readSync(device, to, 4 * (size + 1)));
  addon.close(device);
  const expected = Uint32Array.from({ length: size + 1 }, (_, i) => {
    const [matrix, column, row] = [Math.floor(i / (rows * columns)), Math.floor(i / rows) % columns, i % rows];
    return i === size ? 0x07070707 : source[(matrix * rows + row) * columns + column];
  });
  expect(result).toEqual(expected);
});
