/** Zeros for which the system has given no memory yet are not written; those of a buffer that was written to are. */
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { loadAddon } from "../../src/addon.ts";
import { encodeNest } from "../../src/encode-nest.ts";

/** Buffers below and above the size from which they come as pages of their own. */
const counts = [1000, 2 ** 19 - 1, 2 ** 19, 2 ** 20 + 3];

test.runIf(testsNative).each(counts)("%i numbers", (count) => {
  const addon = loadAddon();
  const device = addon.open(2);
  /** A program that fills a buffer. */
  const fills = (...constants: readonly number[]): ReturnType<typeof addon.program> =>
    addon.program(
      device,
      constants.map(
        (value) =>
          addon.kernel(
            device,
            "nest",
            encodeNest({
              shape: [count],
              inputs: [],
              body: [{ kind: "constant", dtype: "float32", value }],
              epilogue: [],
              stores: [{ value: 0, dtype: "float32" }],
            }),
          )!,
      ),
    );
  const bytes = count * 4;
  const contents = (buffer: number): ReadonlySet<number> =>
    new Set(
      [...new Float32Array(addon.readSync(device, buffer, bytes))].map((value) =>
        Object.is(value, -0) ? Number.NaN : value,
      ),
    );
  const run = (program: ReturnType<typeof fills>, ...buffers: number[]): void =>
    addon.run(device, program, Int32Array.from(buffers));
  const allocate = (): number => addon.allocate(device, bytes);
  try {
    const fresh = allocate();
    run(fills(0), fresh);
    run(fills(0), fresh);
    expect(contents(fresh)).toEqual(new Set([0]));
    run(fills(7), fresh);
    expect(contents(fresh)).toEqual(new Set([7]));
    run(fills(0), fresh);
    expect(contents(fresh)).toEqual(new Set([0]));
    const within = allocate();
    run(fills(7, 0), within, within);
    expect(contents(within)).toEqual(new Set([0]));
    const written = allocate();
    addon.write(device, written, new Uint8Array(new Float32Array(count).fill(3).buffer));
    run(fills(0), written);
    expect(contents(written)).toEqual(new Set([0]));
    const negative = allocate();
    run(fills(-0), negative);
    expect(contents(negative)).toEqual(new Set([Number.NaN]));
    // Numbers of buffers and, perhaps, their memory come again.
    addon.release(device, within);
    addon.release(device, written);
    const again = [allocate(), allocate()];
    for (const buffer of again) {
      run(fills(0), buffer);
      expect(contents(buffer)).toEqual(new Set([0]));
    }
  } finally {
    addon.close(device);
  }
});
