/** Nests that bring planes side by side copy bits as they are, however many planes there are. */
import type { Backend, DType, Kernel, LoopNest } from "@sconce/core";
import { afterAll, expect, test } from "vitest";
import { openNative } from "../../src/index.ts";

const native = (await openNative({ threads: 2 })) as Backend;
afterAll(() => native.close?.());

const sizes = [
  [1, 1, 3],
  [1, 7, 2],
  [3, 50, 3],
  [2, 8192 + 37, 3],
  [1, 20001, 4],
  [2, 33, 5],
  [2, 0, 3],
] as const;
const dtypes: readonly DType[] = ["float32", "int32"];

test.each(sizes.flatMap((size) => dtypes.map((dtype) => [...size, dtype] as const)))(
  "%i times %i positions of %i planes, %s",
  async (batch, positions, planes, dtype) => {
    const count = batch * positions * planes;
    const strides = [positions * planes, 1, positions];
    const nest: LoopNest = {
      shape: [batch, positions, planes],
      inputs: [dtype],
      body: [{ kind: "load", input: 0, dtype, access: { kind: "affine", offset: 0, strides } }],
      epilogue: [],
      stores: [{ value: 0, dtype }],
    };
    const kernel = (await native.compile(nest)) as Kernel;
    const data = Uint32Array.from({ length: count }, (_, i) => Math.imul(i, 2654435761));
    // A NaN and a negative zero.
    data.set([0x7fc01234, 0x80000000].slice(0, count));
    const [from, to] = [native.allocate(4 * count), native.allocate(4 * count)];
    native.write(from, data);
    kernel.run([from], [to]);
    const result = new Uint32Array(native.readSync?.(to, 4 * count) as ArrayBuffer);
    const expected = new Uint32Array(count);
    for (let image = 0; image < batch; image++)
      for (let position = 0; position < positions; position++)
        for (let plane = 0; plane < planes; plane++) {
          expected[(image * positions + position) * planes + plane] =
            data[(image * planes + plane) * positions + position];
        }
    expect(result).toEqual(expected);
  },
);
