/** Every vector instruction, run on random bits and compared lane by lane with JavaScript. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { f32x4, f64x2, i8x16, i16x8, i32x4, i64x2, shuffle32, type V128, v128 } from "../../src/assembler/simd.ts";
import { f32, f64, type I32, i32 } from "../../src/assembler/values.ts";
import { hasRelaxedSimd } from "../../src/machine/features.ts";
import { assemble, bytes } from "./run.ts";

type Lanes = readonly number[];

/** How lanes of a kind lie in 16 bytes. */
const kinds = {
  f32: {
    step: 4,
    get: (at: number) => bytes.getFloat32(at, true),
    set: (at: number, x: number) => bytes.setFloat32(at, x, true),
  },
  f64: {
    step: 8,
    get: (at: number) => bytes.getFloat64(at, true),
    set: (at: number, x: number) => bytes.setFloat64(at, x, true),
  },
  s32: {
    step: 4,
    get: (at: number) => bytes.getInt32(at, true),
    set: (at: number, x: number) => bytes.setInt32(at, x, true),
  },
  u32: {
    step: 4,
    get: (at: number) => bytes.getUint32(at, true),
    set: (at: number, x: number) => bytes.setUint32(at, x, true),
  },
  s16: {
    step: 2,
    get: (at: number) => bytes.getInt16(at, true),
    set: (at: number, x: number) => bytes.setInt16(at, x, true),
  },
  u16: {
    step: 2,
    get: (at: number) => bytes.getUint16(at, true),
    set: (at: number, x: number) => bytes.setUint16(at, x, true),
  },
  s8: { step: 1, get: (at: number) => bytes.getInt8(at), set: (at: number, x: number) => bytes.setInt8(at, x) },
  u8: { step: 1, get: (at: number) => bytes.getUint8(at), set: (at: number, x: number) => bytes.setUint8(at, x) },
} as const;
type Kind = keyof typeof kinds;

const lanesAt = (kind: Kind, at: number): number[] =>
  Array.from({ length: 16 / kinds[kind].step }, (_, i) => kinds[kind].get(at + i * kinds[kind].step));
const setLanes = (kind: Kind, at: number, lanes: Lanes): void =>
  lanes.forEach((x, i) => {
    kinds[kind].set(at + i * kinds[kind].step, x);
  });

/** Operands: floats with their special values, integers near their ends and near 0. */
function operand(kind: Kind): fc.Arbitrary<number[]> {
  const integer = (min: number, max: number): fc.Arbitrary<number> =>
    fc.oneof(fc.integer({ min, max }), fc.integer({ min: Math.max(min, -3), max: 3 }), fc.constantFrom(min, max));
  const half = { s32: 32, u32: 32, s16: 16, u16: 16, s8: 8, u8: 8, f32: 0, f64: 0 }[kind];
  const element =
    kind === "f32"
      ? fc.oneof(
          fc.float(),
          fc.float({ min: -9, max: 9 }),
          fc.integer({ min: -9, max: 9 }).map((x) => x / 2),
        )
      : kind === "f64"
        ? fc.oneof(
            fc.double(),
            fc.double({ min: -9, max: 9 }),
            fc.integer({ min: -9, max: 9 }).map((x) => x / 2),
          )
        : kind.startsWith("s")
          ? integer(-(2 ** (half - 1)), 2 ** (half - 1) - 1)
          : integer(0, 2 ** half - 1);
  const count = 16 / kinds[kind].step;
  return fc.array(element, { minLength: count, maxLength: count });
}

/** Runs `build` on vectors at 0, 16 and 32, and compares the vector it makes with `expected`. */
function check(
  from: Kind,
  to: Kind,
  build: (...operands: V128[]) => V128,
  expected: (a: Lanes, b: Lanes, c: Lanes) => Lanes,
): void {
  const code = assemble([], undefined, (f) =>
    f.emit(v128.store(64, build(v128.load(0), v128.load(16), v128.load(32)))),
  );
  fc.assert(
    fc.property(operand(from), operand(from), operand(from), (...operands) => {
      for (const [i, lanes] of operands.entries()) setLanes(from, 16 * i, lanes);
      const [a, b, c] = [0, 16, 32].map((at) => lanesAt(from, at));
      setLanes(to, 96, expected(a, b, c));
      code();
      expect(lanesAt(to, 64)).toEqual(lanesAt(to, 96));
    }),
    { numRuns: 40 },
  );
}

const bit = (x: boolean): number => (x ? 1 : 0);
const nearest = (x: number): number => {
  const floor = Math.floor(x);
  const up = x - floor > 0.5 || (x - floor === 0.5 && floor % 2 !== 0);
  const rounded = up ? floor + 1 : floor;
  return Number.isFinite(x) && rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : Number.isFinite(x) ? rounded : x;
};
const saturated =
  (min: number, max: number) =>
  (x: number): number =>
    Number.isNaN(x) ? 0 : Math.max(min, Math.min(max, Math.trunc(x)));
const signed = saturated(-(2 ** 31), 2 ** 31 - 1);
const unsigned = saturated(0, 2 ** 32 - 1);
const lane =
  (map: (a: number, b: number) => number) =>
  (a: Lanes, b: Lanes): Lanes =>
    a.map((x, i) => map(x, b[i]));
const mask = (test: (a: number, b: number) => boolean) => lane((a, b) => (test(a, b) ? -1 : 0));

describe.each(["f32", "f64"] as const)("vectors of %s", (kind) => {
  const table = kind === "f32" ? f32x4 : f64x2;
  const round = kind === "f32" ? Math.fround : (x: number): number => x;
  const unary: ["ceil" | "floor" | "trunc" | "nearest" | "abs" | "neg" | "sqrt", (x: number) => number][] = [
    ["ceil", Math.ceil],
    ["floor", Math.floor],
    ["trunc", Math.trunc],
    ["nearest", nearest],
    ["abs", Math.abs],
    ["neg", (x) => -x],
    ["sqrt", Math.sqrt],
  ];
  const binary: ["add" | "sub" | "mul" | "div" | "min" | "max" | "pmin" | "pmax", (a: number, b: number) => number][] =
    [
      ["add", (a, b) => a + b],
      ["sub", (a, b) => a - b],
      ["mul", (a, b) => a * b],
      ["div", (a, b) => a / b],
      ["min", Math.min],
      ["max", Math.max],
      // The first operand where neither is less: with NaN, or zeros of two signs.
      ["pmin", (a, b) => [a, b][bit(b < a)]],
      ["pmax", (a, b) => [a, b][bit(a < b)]],
    ];
  const compare: ["eq" | "ne" | "lt" | "gt" | "le" | "ge", (a: number, b: number) => boolean][] = [
    ["eq", (a, b) => a === b],
    ["ne", (a, b) => a !== b],
    ["lt", (a, b) => a < b],
    ["gt", (a, b) => a > b],
    ["le", (a, b) => a <= b],
    ["ge", (a, b) => a >= b],
  ];

  it.each(unary)("%s", (name, expected) =>
    check(
      kind,
      kind,
      (a) => table[name](a),
      lane((a) => round(expected(a))),
    ),
  );
  it.each(binary)("%s", (name, expected) =>
    check(
      kind,
      kind,
      (a, b) => table[name](a, b),
      lane((a, b) => round(expected(a, b))),
    ),
  );
  it.each(compare)("%s", (name, expected) =>
    check(
      kind,
      "s32",
      (a, b) => table[name](a, b),
      (a, b) => {
        const lanes = mask(expected)(a, b);
        return kind === "f32" ? lanes : lanes.flatMap((x) => [x, x]);
      },
    ),
  );

  it.skipIf(!hasRelaxedSimd())("multiplies and adds, with one rounding or with two", () => {
    const small = fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 4, maxLength: 4 });
    const code = assemble([], undefined, (f) => {
      const [a, b, c] = [0, 16, 32].map((at) => v128.load(at));
      f.emit(v128.store(64, table.relaxed_madd(a, b, c)), v128.store(80, table.relaxed_nmadd(a, b, c)));
    });
    fc.assert(
      fc.property(small, small, small, (...operands) => {
        const count = 16 / kinds[kind].step;
        const [a, b, c] = operands.map((lanes) => lanes.slice(0, count));
        for (const [i, lanes] of [a, b, c].entries()) setLanes(kind, 16 * i, lanes);
        code();
        expect(lanesAt(kind, 64)).toEqual(a.map((x, i) => x * b[i] + c[i]));
        expect(lanesAt(kind, 80)).toEqual(a.map((x, i) => c[i] - x * b[i]));
      }),
    );
  });

  it("takes constants apart and puts lanes in", () => {
    const values = kind === "f32" ? [1.5, -2, Number.POSITIVE_INFINITY, 0.25] : [1.5, Number.NEGATIVE_INFINITY];
    check(
      kind,
      kind,
      () => table.const(...values),
      () => values,
    );
    check(
      kind,
      kind,
      () => table.const(7),
      () => values.map(() => 7),
    );
    if (kind === "f32") {
      check(
        kind,
        kind,
        (a) => f32x4.splat(f32x4.extract(a, 2)),
        (a) => a.map(() => a[2]),
      );
      check(
        kind,
        kind,
        (a) => f32x4.replace(a, 3, f32.load(0)),
        (a) => [a[0], a[1], a[2], a[0]],
      );
    } else {
      check(
        kind,
        kind,
        (a) => f64x2.splat(f64x2.extract(a, 1)),
        (a) => [a[1], a[1]],
      );
      check(
        kind,
        kind,
        (a) => f64x2.replace(a, 1, f64.load(0)),
        (a) => [a[0], a[0]],
      );
    }
  });
});

describe("conversions of vectors", () => {
  const four = (x: Lanes): Lanes => [...x, 0, 0];
  it.each<[string, Kind, Kind, (a: V128) => V128, (a: Lanes) => Lanes]>([
    ["f32x4.convert_i32x4_s", "s32", "f32", f32x4.convert_i32x4_s, (a) => a],
    ["f32x4.convert_i32x4_u", "u32", "f32", f32x4.convert_i32x4_u, (a) => a],
    ["f32x4.demote_f64x2_zero", "f64", "f32", f32x4.demote_f64x2_zero, four],
    ["f64x2.promote_low_f32x4", "f32", "f64", f64x2.promote_low_f32x4, (a) => a.slice(0, 2)],
    ["f64x2.convert_low_i32x4_s", "s32", "f64", f64x2.convert_low_i32x4_s, (a) => a.slice(0, 2)],
    ["f64x2.convert_low_i32x4_u", "u32", "f64", f64x2.convert_low_i32x4_u, (a) => a.slice(0, 2)],
    ["i32x4.trunc_sat_f32x4_s", "f32", "s32", i32x4.trunc_sat_f32x4_s, (a) => a.map(signed)],
    ["i32x4.trunc_sat_f32x4_u", "f32", "u32", i32x4.trunc_sat_f32x4_u, (a) => a.map(unsigned)],
    ["i32x4.trunc_sat_f64x2_s_zero", "f64", "s32", i32x4.trunc_sat_f64x2_s_zero, (a) => four(a.map(signed))],
    ["i32x4.trunc_sat_f64x2_u_zero", "f64", "u32", i32x4.trunc_sat_f64x2_u_zero, (a) => four(a.map(unsigned))],
    ["i32x4.extend_low_i16x8_s", "s16", "s32", i32x4.extend_low_i16x8_s, (a) => a.slice(0, 4)],
    ["i32x4.extend_high_i16x8_s", "s16", "s32", i32x4.extend_high_i16x8_s, (a) => a.slice(4)],
    ["i32x4.extend_low_i16x8_u", "u16", "s32", i32x4.extend_low_i16x8_u, (a) => a.slice(0, 4)],
    ["i32x4.extend_high_i16x8_u", "u16", "s32", i32x4.extend_high_i16x8_u, (a) => a.slice(4)],
    ["i16x8.extend_low_i8x16_s", "s8", "s16", i16x8.extend_low_i8x16_s, (a) => a.slice(0, 8)],
    ["i16x8.extend_low_i8x16_u", "u8", "s16", i16x8.extend_low_i8x16_u, (a) => a.slice(0, 8)],
    ["i16x8.extend_high_i8x16_u", "u8", "s16", i16x8.extend_high_i8x16_u, (a) => a.slice(8)],
    ["i64x2.extend_low_i32x4_s", "s32", "s32", i64x2.extend_low_i32x4_s, ([a, b]) => [a, a >> 31, b, b >> 31]],
    ["i64x2.extend_low_i32x4_u", "u32", "u32", i64x2.extend_low_i32x4_u, ([a, b]) => [a, 0, b, 0]],
  ])("%s", (_, from, to, build, expected) => check(from, to, build, expected));

  it.each<[string, Kind, Kind, (a: V128, b: V128) => V128, number, number]>([
    ["i16x8.narrow_i32x4_s", "s32", "s16", i16x8.narrow_i32x4_s, -(2 ** 15), 2 ** 15 - 1],
    ["i16x8.narrow_i32x4_u", "s32", "u16", i16x8.narrow_i32x4_u, 0, 2 ** 16 - 1],
    ["i8x16.narrow_i16x8_s", "s16", "s8", i8x16.narrow_i16x8_s, -128, 127],
    ["i8x16.narrow_i16x8_u", "s16", "u8", i8x16.narrow_i16x8_u, 0, 255],
  ])("%s", (_, from, to, build, min, max) =>
    check(from, to, build, (a, b) => [...a, ...b].map((x) => Math.max(min, Math.min(max, x)))),
  );
});

describe("vectors of integers", () => {
  const binary: [keyof typeof i32x4, Kind, (a: number, b: number) => number][] = [
    ["add", "s32", (a, b) => (a + b) | 0],
    ["sub", "s32", (a, b) => (a - b) | 0],
    ["mul", "s32", Math.imul],
    ["min_s", "s32", Math.min],
    ["max_s", "s32", Math.max],
    ["min_u", "u32", Math.min],
    ["max_u", "u32", Math.max],
    ["eq", "s32", (a, b) => (a === b ? -1 : 0)],
    ["ne", "s32", (a, b) => (a !== b ? -1 : 0)],
    ["lt_s", "s32", (a, b) => (a < b ? -1 : 0)],
    ["gt_s", "s32", (a, b) => (a > b ? -1 : 0)],
    ["le_s", "s32", (a, b) => (a <= b ? -1 : 0)],
    ["ge_s", "s32", (a, b) => (a >= b ? -1 : 0)],
    ["lt_u", "u32", (a, b) => (a < b ? 2 ** 32 - 1 : 0)],
    ["gt_u", "u32", (a, b) => (a > b ? 2 ** 32 - 1 : 0)],
    ["le_u", "u32", (a, b) => (a <= b ? 2 ** 32 - 1 : 0)],
    ["ge_u", "u32", (a, b) => (a >= b ? 2 ** 32 - 1 : 0)],
  ];
  it.each(binary)("i32x4.%s", (name, kind, expected) => {
    const apply = i32x4[name] as (a: V128, b: V128) => V128;
    check(kind, kind, (a, b) => apply(a, b), lane(expected));
  });

  it("i32x4: shifts, signs, lanes and tests", () => {
    check(
      "s32",
      "s32",
      (a) => i32x4.shl(a, 5),
      lane((a) => a << 5),
    );
    check(
      "s32",
      "s32",
      (a) => i32x4.shr_s(a, 5),
      lane((a) => a >> 5),
    );
    check(
      "u32",
      "u32",
      (a) => i32x4.shr_u(a, 5),
      lane((a) => a >>> 5),
    );
    check(
      "s32",
      "s32",
      (a) => i32x4.abs(a),
      lane((a) => Math.abs(a) | 0),
    );
    check(
      "s32",
      "s32",
      (a) => i32x4.neg(a),
      lane((a) => -a | 0),
    );
    check(
      "s32",
      "s32",
      (a) => i32x4.splat(i32x4.extract(a, 1)),
      (a) => a.map(() => a[1]),
    );
    check(
      "s32",
      "s32",
      (a) => i32x4.replace(a, 1, 9),
      (a) => [a[0], 9, a[2], a[3]],
    );
    check(
      "s32",
      "s32",
      (a) => i32x4.splat(i32x4.all_true(a)),
      (a) => a.map(() => (a.every((x) => x !== 0) ? 1 : 0)),
    );
    check(
      "s32",
      "s32",
      (a) => i32x4.splat(i32x4.bitmask(a)),
      (a) => a.map(() => a.reduce((m, x, i) => m | (x < 0 ? 1 << i : 0), 0)),
    );
    check(
      "s32",
      "s32",
      () => i32x4.const(1, -2, 2 ** 31, 4),
      () => [1, -2, 2 ** 31, 4],
    );
  });

  it("i64x2: arithmetic on whole halves", () => {
    const wide =
      (apply: (a: bigint, b: bigint) => bigint) =>
      (a: Lanes, b: Lanes): Lanes =>
        [0, 2].flatMap((i) => {
          const join = (x: Lanes): bigint => (BigInt(x[i + 1]) << 32n) | BigInt(x[i]);
          const result = BigInt.asUintN(64, apply(join(a), join(b)));
          return [Number(result & 0xffffffffn), Number(result >> 32n)];
        });
    check(
      "u32",
      "u32",
      i64x2.add,
      wide((a, b) => a + b),
    );
    check(
      "u32",
      "u32",
      i64x2.sub,
      wide((a, b) => a - b),
    );
    check(
      "u32",
      "u32",
      i64x2.mul,
      wide((a, b) => a * b),
    );
    check(
      "u32",
      "u32",
      (a) => i64x2.shl(a, 37),
      wide((a) => a << 37n),
    );
    check(
      "u32",
      "u32",
      (a) => i64x2.shr_u(a, 37),
      wide((a) => a >> 37n),
    );
    check(
      "u32",
      "u32",
      (a) => i64x2.shr_s(a, 37),
      wide((a) => BigInt.asIntN(64, a) >> 37n),
    );
    check(
      "u32",
      "u32",
      i64x2.eq,
      wide((a, b) => (a === b ? -1n : 0n)),
    );
    check(
      "u32",
      "u32",
      i64x2.ne,
      wide((a, b) => (a !== b ? -1n : 0n)),
    );
  });

  it("i16x8 and i8x16: lanes and order", () => {
    check(
      "u16",
      "u16",
      (a) => i16x8.splat(i16x8.extract_u(a, 5)),
      (a) => a.map(() => a[5]),
    );
    check(
      "u16",
      "u16",
      (a) => i16x8.replace(a, 7, 3),
      (a) => [...a.slice(0, 7), 3],
    );
    check(
      "u8",
      "u8",
      (a) => i8x16.splat(i8x16.extract_u(a, 9)),
      (a) => a.map(() => a[9]),
    );
    check(
      "u8",
      "u8",
      (a) => i8x16.replace(a, 15, 3),
      (a) => [...a.slice(0, 15), 3],
    );
    check("u8", "u8", i8x16.swizzle, (a, b) => b.map((i) => a[i] ?? 0));
    const order = [31, 0, 16, 5, 7, 9, 30, 2, 1, 1, 1, 20, 21, 22, 23, 15];
    check(
      "u8",
      "u8",
      (a, b) => i8x16.shuffle(a, b, order),
      (a, b) => order.map((i) => [...a, ...b][i]),
    );
    check(
      "s32",
      "s32",
      (a, b) => shuffle32(a, b, [7, 0, 2, 5]),
      (a, b) => [b[3], a[0], a[2], b[1]],
    );
  });
});

describe("v128", () => {
  it("works on bits", () => {
    check(
      "s32",
      "s32",
      v128.not,
      lane((a) => ~a),
    );
    check(
      "s32",
      "s32",
      v128.and,
      lane((a, b) => a & b),
    );
    check(
      "s32",
      "s32",
      v128.andnot,
      lane((a, b) => a & ~b),
    );
    check(
      "s32",
      "s32",
      v128.or,
      lane((a, b) => a | b),
    );
    check(
      "s32",
      "s32",
      v128.xor,
      lane((a, b) => a ^ b),
    );
    check("s32", "s32", v128.bitselect, (a, b, c) => a.map((x, i) => (x & c[i]) | (b[i] & ~c[i])));
    check(
      "s32",
      "s32",
      (a) => i32x4.splat(v128.any_true(a)),
      (a) => a.map(() => (a.some((x) => x !== 0) ? 1 : 0)),
    );
  });

  it("loads parts, spread or widened", () => {
    check(
      "u8",
      "u16",
      () => v128.load8x8_u(0, 3),
      () => lanesAt("u8", 3).slice(0, 8),
    );
    check(
      "u16",
      "u32",
      () => v128.load16x4_u(0, 2),
      () => lanesAt("u16", 2).slice(0, 4),
    );
    check(
      "s32",
      "s32",
      () => v128.load32x2_s(0, 4),
      (a) => [a[1], a[1] >> 31, a[2], a[2] >> 31],
    );
    check(
      "u8",
      "u8",
      () => v128.load8_splat(0, 3),
      (a) => a.map(() => a[3]),
    );
    check(
      "u16",
      "u16",
      () => v128.load16_splat(0, 6),
      (a) => a.map(() => a[3]),
    );
    check(
      "u32",
      "u32",
      () => v128.load32_splat(0, 12),
      (a) => a.map(() => a[3]),
    );
    check(
      "u32",
      "u32",
      () => v128.load64_splat(0, 8),
      (a) => [a[2], a[3], a[2], a[3]],
    );
    check(
      "u32",
      "u32",
      () => v128.load32_zero(0, 4),
      (a) => [a[1], 0, 0, 0],
    );
    check(
      "u32",
      "u32",
      () => v128.load64_zero(0, 8),
      (a) => [a[2], a[3], 0, 0],
    );
  });

  it("loads and stores single lanes", () => {
    check(
      "u8",
      "u8",
      (a) => v128.load8_lane(16, a, 4),
      (a, b) => a.map((x, i) => (i === 4 ? b[0] : x)),
    );
    check(
      "u16",
      "u16",
      (a) => v128.load16_lane(16, a, 4),
      (a, b) => a.map((x, i) => (i === 4 ? b[0] : x)),
    );
    check(
      "u32",
      "u32",
      (a) => v128.load32_lane(16, a, 3),
      (a, b) => a.map((x, i) => (i === 3 ? b[0] : x)),
    );
    check(
      "u32",
      "u32",
      (a) => v128.load64_lane(16, a, 1),
      (a, b) => [a[0], a[1], b[0], b[1]],
    );
    const stores = assemble([], undefined, (f) => {
      f.emit(v128.store(64, i32x4.const(0)));
      f.emit(v128.store8_lane(64, v128.load(0), 5), v128.store16_lane(64, v128.load(0), 5, 2));
      f.emit(v128.store32_lane(68, v128.load(0), 3), v128.store64_lane(72, v128.load(0), 1));
    });
    setLanes("u8", 0, [...Array(16).keys()]);
    stores();
    expect(lanesAt("u8", 64)).toEqual([5, 0, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  it("stays a value that a function can bind, select and return through memory", () => {
    const code = assemble(["i32"], "i32", (f) => {
      const x: I32 = f.parameter(0, "i32");
      const vector = f.bind(i32x4.splat(x));
      f.return(i32.add(i32x4.extract(vector, 0), i32x4.extract(vector, 3)));
    });
    expect(code(21)).toBe(42);
  });
});
