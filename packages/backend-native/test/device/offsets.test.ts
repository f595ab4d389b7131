/** Kernels of a program may find their buffers within larger ones. */
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { loadAddon } from "../../src/addon.ts";
import { encodeNest } from "../../src/encode-nest.ts";

const size = 16;
const copy = encodeNest({
  shape: [size],
  inputs: ["float32"],
  body: [{ kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 0, strides: [1] } }],
  epilogue: [],
  stores: [{ value: 0, dtype: "float32" }],
});

test.runIf(testsNative)("a part of one buffer is copied into another", () => {
  const addon = loadAddon();
  const device = addon.open(1);
  const kernel = addon.kernel(device, "nest", copy)!;
  const [from, to] = [addon.allocate(device, 4 * 4 * size), addon.allocate(device, 4 * 2 * size)];
  const numbers = Float32Array.from({ length: 4 * size }, (_, i) => i);
  addon.write(device, from, new Uint8Array(numbers.buffer));
  addon.write(device, to, new Uint8Array(4 * 2 * size));
  addon.run(device, addon.program(device, [kernel], Float64Array.of(3 * 64, 64)), Int32Array.of(from, to));
  const expected = [...new Float32Array(size), ...numbers.subarray(3 * size)];
  expect([...new Float32Array(addon.readSync(device, to, 4 * 2 * size))]).toEqual(expected);

  const past = addon.program(device, [kernel], Float64Array.of(4 * 64, 0));
  expect(() => addon.run(device, past, Int32Array.of(from, to))).toThrow(/320 bytes|buffer/);
  const refused: readonly (readonly [number[], RegExp])[] = [
    [[0], /2 buffers was given 1 offsets/],
    [[0, 0, 0], /2 buffers was given 3 offsets/],
    [[4, 0], /offset of 4\.0+ bytes/],
    [[-64, 0], /offset of -64/],
    [[Number.NaN, 0], /offset of -?nan/],
    [[Number.POSITIVE_INFINITY, 0], /offset of inf/],
    [[2 ** 60, 0], /offset of/],
  ];
  for (const [offsets, message] of refused) {
    expect(() => addon.program(device, [kernel], Float64Array.from(offsets))).toThrow(message);
  }
  addon.close(device);
});
