/** Transposed matrices, with every extent around the width of vectors and of pieces. */
import type { Kernel, OpRequest } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { openNative } from "../../src/index.ts";

const extents = [1, 3, 4, 8, 15, 16, 17, 33, 64, 65, 130];
const shapes = extents.flatMap((rows) => extents.map((columns) => [3, rows, columns]));

test.runIf(testsNative)("matrices of any extents are transposed", async () => {
  const native = await openNative({ threads: 2 });
  for (const [matrices, rows, columns] of [...shapes, [1, 300, 1000]]) {
    const size = matrices * rows * columns;
    const data = Float32Array.from({ length: size }, (_, i) => i);
    const request: OpRequest = {
      op: "transpose",
      attributes: {},
      inputs: [{ shape: [matrices, rows, columns], dtype: "float32" }],
      output: { shape: [matrices, columns, rows], dtype: "float32" },
    };
    const kernel = native.claim?.(request) as Kernel;
    const [from, to] = [native.allocate(4 * size), native.allocate(4 * size)];
    native.write(from, data);
    kernel.run([from], [to]);
    const expected = new Float32Array(size);
    data.forEach((value, i) => {
      const [matrix, at] = [Math.floor(i / (rows * columns)), i % (rows * columns)];
      expected[matrix * rows * columns + (at % columns) * rows + Math.floor(at / columns)] = value;
    });
    expect(new Float32Array(await native.read(to, 4 * size)), `${rows} x ${columns}`).toEqual(expected);
    native.release(from);
    native.release(to);
  }
  await native.close?.();
});
