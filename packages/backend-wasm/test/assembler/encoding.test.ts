/** Numbers and names in the binary format, against decoders written from its definition. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Code,
  flatten,
  floatBytes,
  name,
  settled,
  signed,
  sized,
  unsigned,
  vector,
} from "../../src/assembler/encoding.ts";

function decode(bytes: Uint8Array, isSigned: boolean): number {
  let value = 0n;
  bytes.forEach((byte, i) => {
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    expect(byte >= 0x80).toBe(i < bytes.length - 1);
  });
  return Number(isSigned ? BigInt.asIntN(7 * bytes.length, value) : value);
}

describe("LEB128", () => {
  it("encodes unsigned numbers in as few bytes as can be", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
        const bytes = flatten(unsigned(value));
        expect(decode(bytes, false)).toBe(value);
        expect(bytes.length).toBe(Math.max(1, Math.ceil(Math.log2(value + 1) / 7)));
      }),
    );
  });

  it("encodes signed numbers", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (value) => {
        const bytes = flatten(signed(value));
        expect(decode(bytes, true)).toBe(value);
        expect(bytes.length).toBeLessThanOrEqual(5);
      }),
    );
    for (const value of [-64, 63, -65, 64, -1, 0]) expect(decode(flatten(signed(value)), true)).toBe(value);
  });
});

describe("structure", () => {
  it("counts items, bytes and the bytes of names", () => {
    expect([...flatten(vector([[1], [2, 3]]))]).toEqual([2, 1, 2, 3]);
    expect([...flatten(sized([1, [2, () => [3]]]))]).toEqual([3, 1, 2, 3]);
    expect([...flatten(name("µ"))]).toEqual([2, 0xc2, 0xb5]);
  });

  it("settles what is known and asks for the rest when it is flattened", () => {
    const code = fc.letrec<{ code: Code }>((tie) => ({
      code: fc.array(
        fc.oneof(
          { depthSize: "small" },
          fc.integer({ min: 0, max: 255 }),
          fc.uint8Array({ maxLength: 200 }),
          tie("code").map((inner) => () => inner),
          tie("code"),
        ),
        { maxLength: 9 },
      ) as fc.Arbitrary<Code>,
    })).code;
    const bytesOf = (part: Code): number[] =>
      part.flatMap((item) =>
        typeof item === "number" ? item : bytesOf(typeof item === "function" ? item() : [...item]),
      );
    fc.assert(
      fc.property(code, (code) => {
        expect([...flatten(code)]).toEqual(bytesOf(code));
        expect([...flatten(settled(code))]).toEqual(bytesOf(code));
      }),
    );
    let value = 1;
    const late = settled([7, [() => [value]], 8]);
    value = 2;
    expect([...flatten(late)]).toEqual([7, 2, 8]);
    // More than the buffer holds at first.
    expect(flatten([1, new Uint8Array(2 ** 17), 2])).toHaveLength(2 ** 17 + 2);
  });

  it("writes floats in little-endian order", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const wide = flatten(floatBytes(value, 8));
        expect(new Float64Array(wide.buffer)[0]).toBe(value);
        const narrow = flatten(floatBytes(value, 4));
        expect(new Float32Array(narrow.buffer)[0]).toBe(Math.fround(value));
      }),
    );
  });
});
