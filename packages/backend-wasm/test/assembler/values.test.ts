/** Scalar instructions and control flow, run and compared with JavaScript. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ValueType } from "../../src/assembler/encoding.ts";
import type { Local } from "../../src/assembler/function-builder.ts";
import { type F32, type F64, f32, f64, type I32, i32, select } from "../../src/assembler/values.ts";
import { assemble, bytes } from "./run.ts";

const int = fc.oneof(fc.integer(), fc.integer({ min: -70, max: 70 }));
const uint = (x: number): number => x >>> 0;
const not0 = (b: number): boolean => b !== 0;
const bit = (x: boolean): number => (x ? 1 : 0);

/** Name, JavaScript's result, and which second operands are allowed. */
const integerOperators: [keyof typeof i32, (a: number, b: number) => number, ((b: number) => boolean)?][] = [
  ["add", (a, b) => a + b],
  ["sub", (a, b) => a - b],
  ["mul", Math.imul],
  ["div_s", (a, b) => a / b, (b) => not0(b) && b !== -1],
  ["div_u", (a, b) => uint(a) / uint(b), not0],
  ["rem_s", (a, b) => a % b, not0],
  ["rem_u", (a, b) => uint(a) % uint(b), not0],
  ["and", (a, b) => a & b],
  ["or", (a, b) => a | b],
  ["xor", (a, b) => a ^ b],
  ["shl", (a, b) => a << b],
  ["shr_s", (a, b) => a >> b],
  ["shr_u", (a, b) => a >>> b],
  ["eq", (a, b) => bit(a === b)],
  ["ne", (a, b) => bit(a !== b)],
  ["lt_s", (a, b) => bit(a < b)],
  ["lt_u", (a, b) => bit(uint(a) < uint(b))],
  ["gt_s", (a, b) => bit(a > b)],
  ["gt_u", (a, b) => bit(uint(a) > uint(b))],
  ["le_s", (a, b) => bit(a <= b)],
  ["le_u", (a, b) => bit(uint(a) <= uint(b))],
  ["ge_s", (a, b) => bit(a >= b)],
  ["ge_u", (a, b) => bit(uint(a) >= uint(b))],
  ["min", Math.min],
  ["max", Math.max],
];

describe("i32", () => {
  it.each(integerOperators)("%s, of variables, constants and both", (operator, expected, allowed = () => true) => {
    const apply = i32[operator] as (a: I32 | number, b: I32 | number) => I32;
    fc.assert(
      fc.property(int, int.filter(allowed), (a, b) => {
        const code = assemble(["i32", "i32"], "i32", (f) => {
          const [x, y] = [f.parameter(0, "i32"), f.parameter(1, "i32")];
          // All four ways, one after the other in memory; the last is the result.
          f.emit(...[apply(x, y), apply(x, b), apply(a, y)].map((value, i) => i32.store(4 * i, value)));
          f.return(apply(a, b));
        });
        const result = code(a, b);
        const want = expected(a, b) | 0;
        expect([bytes.getInt32(0, true), bytes.getInt32(4, true), bytes.getInt32(8, true), result]).toEqual([
          want,
          want,
          want,
          want,
        ]);
      }),
      { numRuns: 30 },
    );
  });

  it("is zero or not, and converts", () => {
    const zero = assemble(["i32"], "i32", (f) => f.return(i32.eqz(f.parameter(0, "i32"))));
    expect([zero(0), zero(3)]).toEqual([1, 0]);
    const truncated = (of: "trunc_sat_f32_s" | "trunc_sat_f32_u"): ((x: number) => number) =>
      assemble(["f32"], "i32", (f) => f.return(i32[of](f.parameter(0, "f32"))));
    expect([-1.5, 1e20, Number.NaN].map((x) => truncated("trunc_sat_f32_s")(x))).toEqual([-1, 2 ** 31 - 1, 0]);
    expect([-1.5, 1e20, 7.9].map((x) => truncated("trunc_sat_f32_u")(x) >>> 0)).toEqual([0, 2 ** 32 - 1, 7]);
    const wide = (of: "trunc_sat_f64_s" | "trunc_sat_f64_u"): ((x: number) => number) =>
      assemble(["f64"], "i32", (f) => f.return(i32[of](f.parameter(0, "f64"))));
    expect([wide("trunc_sat_f64_s")(-7.5), wide("trunc_sat_f64_u")(3e9) >>> 0]).toEqual([-7, 3e9]);
    const reinterpreted = assemble(["f32"], "i32", (f) => f.return(i32.reinterpret_f32(f.parameter(0, "f32"))));
    expect(reinterpreted(1)).toBe(0x3f800000);
  });

  it("loads and stores bytes, halves and words at an offset", () => {
    const code = assemble(["i32"], "i32", (f) => {
      const x = f.parameter(0, "i32");
      f.emit(i32.store(100, 0), i32.store8(100, x), i32.store16(102, x));
      f.return(i32.add(i32.load(100), i32.add(i32.load8_u(96, 4), i32.load16_u(100, 2))));
    });
    expect(code(0x12345678) >>> 0).toBe(0x56780078 + 0x78 + 0x5678);
  });
});

/** Runs a function of two floats. */
function float(type: "f32" | "f64", body: (a: Local, b: Local) => F32 | F64): (a: number, b: number) => number {
  return assemble([type, type], type, (f) => f.return(body(f.parameter(0, type), f.parameter(1, type))));
}

describe.each(["f32", "f64"] as const)("%s", (type) => {
  const table = type === "f32" ? f32 : f64;
  const round = type === "f32" ? Math.fround : (x: number): number => x;
  const operators: ["add" | "sub" | "mul" | "div" | "min" | "max", (a: number, b: number) => number][] = [
    ["add", (a, b) => a + b],
    ["sub", (a, b) => a - b],
    ["mul", (a, b) => a * b],
    ["div", (a, b) => a / b],
    ["min", Math.min],
    ["max", Math.max],
  ];
  const real = type === "f32" ? fc.float() : fc.double();

  it.each(operators)("%s", (operator, expected) => {
    const apply = table[operator] as (a: Local, b: Local) => F32 | F64;
    const code = float(type, (a, b) => apply(a, b));
    fc.assert(
      fc.property(real, real, (a, b) => {
        expect(code(a, b)).toEqual(round(expected(a, b)));
      }),
      { numRuns: 50 },
    );
  });
});

describe("conversions between floats and integers", () => {
  const convert = (from: ValueType, to: ValueType, body: (x: Local) => F32 | F64): ((x: number) => number) =>
    assemble([from], to, (f) => f.return(body(f.parameter(0, from))));

  it("round as JavaScript does", () => {
    expect(convert("i32", "f32", (x) => f32.convert_i32_s(x as Local<"i32">))(-7)).toBe(-7);
    expect(convert("f64", "f32", (x) => f32.demote_f64(x as Local<"f64">))(0.1)).toBe(Math.fround(0.1));
    expect(convert("f32", "f64", (x) => f64.promote_f32(x as Local<"f32">))(0.5)).toBe(0.5);
    expect(convert("i32", "f64", (x) => f64.convert_i32_s(x as Local<"i32">))(-1)).toBe(-1);
    expect(convert("i32", "f64", (x) => f64.convert_i32_u(x as Local<"i32">))(-1)).toBe(2 ** 32 - 1);
    expect(convert("i32", "f32", (x) => f32.reinterpret_i32(x as Local<"i32">))(0x40000000)).toBe(2);
  });

  it("load and store", () => {
    const code = assemble(["f32", "f64"], "f64", (f) => {
      f.emit(f32.store(8, f.parameter(0, "f32")), f64.store(16, f.parameter(1, "f64")));
      f.return(f64.add(f64.promote_f32(f32.load(4, 4)), f64.load(16)));
    });
    expect(code(1.5, 0.1)).toBe(1.6);
  });
});

describe("control flow", () => {
  it("counts through ranges as a for loop does", () => {
    const bound = fc.integer({ min: -20, max: 40 });
    const way = fc.record({ from: bound, to: bound, step: fc.integer({ min: 1, max: 9 }), known: fc.nat(3) });
    fc.assert(
      fc.property(way, ({ from, to, step, known }) => {
        const code = assemble(["i32", "i32"], "i32", (f) => {
          const [sum, turns] = [f.index(0), f.index(0)];
          const first = known & 1 ? from : f.parameter(0, "i32");
          const last = known & 2 ? to : f.parameter(1, "i32");
          f.range(first, last, step, (i) => {
            f.increase(sum, i);
            f.increase(turns, 1);
          });
          f.return(i32.add(i32.mul(turns, 10_000), sum));
        });
        let [sum, turns] = [0, 0];
        for (let i = from; i < to; i += step, turns++) sum += i;
        expect(code(from, to)).toBe(turns * 10_000 + sum);
      }),
    );
  });

  it("leaves blocks, repeats loops, and chooses", () => {
    // Collatz steps until 1, or 1000.
    const steps = assemble(["i32"], "i32", (f) => {
      const [x, count] = [f.parameter(0, "i32"), f.index(0)];
      f.block((leave) => {
        f.loop((again) => {
          leave(i32.eq(x, 1));
          leave(i32.eq(count, 1000));
          f.increase(count, 1);
          f.if(
            i32.and(x, 1),
            () => f.set(x, i32.add(i32.mul(x, 3), 1)),
            () => f.set(x, i32.shr_u(x, 1)),
          );
          again();
        });
      });
      f.return(count);
    });
    expect([1, 6, 27].map((x) => steps(x))).toEqual([0, 8, 111]);
    const halvings = assemble(["i32"], "i32", (f) => {
      const [x, count] = [f.parameter(0, "i32"), f.index(0)];
      f.while(
        () => i32.gt_s(x, 1),
        () => {
          f.set(x, i32.shr_s(x, 1));
          f.increase(count, 1);
        },
      );
      f.return(count);
    });
    expect([0, 1, 2, 1023, 1024].map((x) => halvings(x))).toEqual([0, 0, 1, 9, 10]);
  });

  it("decides what is known when it is assembled", () => {
    const code = assemble(["i32"], "i32", (f) => {
      const x = f.parameter(0, "i32");
      f.if(
        i32.const(0),
        () => f.unreachable(),
        () => f.increase(x, 1),
      );
      f.return(select(x, i32.const(-1), i32.lt_s(1, 2)));
    });
    expect(code(5)).toBe(6);
    const chosen = assemble(["i32"], "f64", (f) => f.return(select(f64.const(1), f64.const(2), f.parameter(0, "i32"))));
    expect([chosen(1), chosen(0)]).toEqual([1, 2]);
    expect(() => assemble([], undefined, (f) => f.unreachable())()).toThrow(/unreachable/);
  });

  it("gives released variables to others of their type", () => {
    const code = assemble(["i32"], "i32", (f) => {
      const a = f.index(1);
      const kept = f.index(f.parameter(0, "i32"));
      f.release(a);
      const b = f.index(40);
      expect(b.local).toBe(a.local);
      const c = f.local("f64", f64.const(2));
      expect(c.local).not.toBe(b.local);
      f.drop(i32.load(0));
      f.return(i32.add(f.tee(kept, i32.add(kept, b)), i32.trunc_sat_f64_s(c)));
    });
    expect(code(100)).toBe(142);
  });
});

describe("modules", () => {
  it("call functions of their own and of the host, whatever the order they came in", () => {
    const code = assemble(
      ["f64", "i32"],
      "f64",
      (f, module) => {
        const twice = (): ReturnType<typeof module.function<"f64">> =>
          module.once("twice", () =>
            module.function(["f64"], "f64", (g) => g.return(f64.mul(g.parameter(0, "f64"), f64.const(2)))),
          );
        const store = module.function(["i32"], undefined, (g) => g.emit(i32.store(0, g.parameter(0, "i32"))));
        const sine = f.call(twice(), f.call(module.import("sin", ["f64"], "f64"), f.parameter(0, "f64")));
        f.callVoid(store, f.parameter(1, "i32"));
        const power = f.call(
          module.import("power", ["f64", "f64"], "f64"),
          f64.convert_i32_s(i32.load(0)),
          f64.const(3),
        );
        f.return(f64.add(f.call(twice(), sine), power));
      },
      { sin: Math.sin, power: Math.pow },
    );
    expect(code(1, 2)).toBe(4 * Math.sin(1) + 8);
  });
});
