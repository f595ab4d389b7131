/** Elementwise ops against JavaScript's own arithmetic, with broadcasting, promotion and gradients. */
import "@sconce/backend-cpu/register";
import {
  abs,
  add,
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  cast,
  ceil,
  clamp,
  cos,
  type DType,
  DTypeError,
  divide,
  equal,
  erf,
  erfOf,
  exp,
  expm1,
  floor,
  floorDivide,
  gelu,
  greater,
  greaterEqual,
  isNaN,
  less,
  lessEqual,
  log,
  log1p,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  multiply,
  negate,
  notEqual,
  openBackend,
  power,
  reciprocal,
  relu,
  remainder,
  round,
  roundHalfEven,
  rsqrt,
  scalar,
  shiftLeft,
  shiftRight,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  subtract,
  type Tensor,
  tan,
  tanh,
  tensor,
  where,
} from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  atBroadcast,
  broadcastable,
  check,
  expectGradient,
  expectRefusal,
  expectValues,
  type Plain,
  plain,
  plainOf,
  plains,
  quarters,
  shapes,
  toTensor,
} from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

const special = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0);
const anyNumber = fc.oneof({ weight: 6, arbitrary: quarters }, { weight: 1, arbitrary: special });

const sigmoidOf = (x: number): number => 1 / (1 + Math.exp(-x));

interface UnaryCase {
  readonly fn: (x: Tensor) => Tensor;
  readonly reference: (x: number) => number;
  /** Where to check the gradient; null where it is zero everywhere. */
  readonly smooth?: readonly number[] | null;
}

const everywhere = [-2.3, -0.7, 0.4, 1.6];
const positive = [0.2, 0.9, 1.7, 3.1];

const unaryCases: Record<string, UnaryCase> = {
  abs: { fn: abs, reference: Math.abs, smooth: everywhere },
  ceil: { fn: ceil, reference: Math.ceil, smooth: null },
  cos: { fn: cos, reference: Math.cos, smooth: everywhere },
  erf: { fn: erf, reference: erfOf, smooth: everywhere },
  exp: { fn: exp, reference: Math.exp, smooth: everywhere },
  expm1: { fn: expm1, reference: Math.expm1, smooth: everywhere },
  floor: { fn: floor, reference: Math.floor, smooth: null },
  log: { fn: log, reference: Math.log, smooth: positive },
  log1p: { fn: log1p, reference: Math.log1p, smooth: positive },
  negate: { fn: negate, reference: (x) => -x, smooth: everywhere },
  reciprocal: { fn: reciprocal, reference: (x) => 1 / x, smooth: positive },
  relu: { fn: relu, reference: (x) => Math.max(x, 0), smooth: everywhere },
  round: { fn: round, reference: roundHalfEven, smooth: null },
  rsqrt: { fn: rsqrt, reference: (x) => 1 / Math.sqrt(x), smooth: positive },
  sigmoid: { fn: sigmoid, reference: sigmoidOf, smooth: everywhere },
  sign: { fn: sign, reference: Math.sign, smooth: null },
  sin: { fn: sin, reference: Math.sin, smooth: everywhere },
  softplus: { fn: softplus, reference: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), smooth: everywhere },
  sqrt: { fn: sqrt, reference: Math.sqrt, smooth: positive },
  square: { fn: square, reference: (x) => x * x, smooth: everywhere },
  tan: { fn: tan, reference: Math.tan, smooth: [-0.9, 0.3, 1.1] },
  tanh: { fn: tanh, reference: Math.tanh, smooth: everywhere },
  gelu: { fn: gelu, reference: (x) => (x / 2) * (1 + erfOf(x / Math.SQRT2)), smooth: everywhere },
  "gelu, approximately": {
    fn: (x) => gelu(x, { approximate: true }),
    reference: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    smooth: everywhere,
  },
};

describe.each(Object.entries(unaryCases))("%s", (name, { fn, reference, smooth }) => {
  it("computes what JavaScript does, special values included", async () => {
    await check(plains(anyNumber), (x) => expectValues(fn(toTensor(x)), { ...x, data: x.data.map(reference) }, 1e-6));
  });

  it("turns integers into float32, or keeps them where the result is whole", async () => {
    const y = fn(tensor([1, 2, 3], { dtype: "int32" }));
    expect(y.dtype).toBe(["abs", "negate", "relu", "sign", "square"].includes(name) ? "int32" : "float32");
    await expectValues(y, { shape: [3], data: [1, 2, 3].map(reference) }, 1e-6);
  });

  it("has the right gradients", async () => {
    if (smooth) await expectGradient(fn, [{ shape: [smooth.length], data: smooth }]);
    else if (smooth === null) await expectGradient(fn, [{ shape: [4], data: everywhere }], 1);
  });
});

interface BinaryCase {
  readonly fn: (a: Tensor, b: Tensor | number) => Tensor;
  readonly reference: (a: number, b: number) => number;
  readonly smooth?: boolean;
}

const moduloOf = (a: number, b: number): number => {
  if (Math.abs(b) !== Number.POSITIVE_INFINITY) return a - Math.floor(a / b) * b;
  return Number.isFinite(a) ? (a === 0 || a > 0 === b > 0 ? a : b) : Number.NaN;
};

const binaryCases: Record<string, BinaryCase> = {
  add: { fn: add, reference: (a, b) => a + b, smooth: true },
  subtract: { fn: subtract, reference: (a, b) => a - b, smooth: true },
  multiply: { fn: multiply, reference: (a, b) => a * b, smooth: true },
  divide: { fn: divide, reference: (a, b) => a / b, smooth: true },
  floorDivide: { fn: floorDivide, reference: (a, b) => Math.floor(a / b) },
  remainder: { fn: remainder, reference: moduloOf, smooth: true },
  maximum: { fn: maximum, reference: Math.max, smooth: true },
  minimum: { fn: minimum, reference: Math.min, smooth: true },
  equal: { fn: equal, reference: (a, b) => Number(a === b) },
  notEqual: { fn: notEqual, reference: (a, b) => Number(a !== b) },
  less: { fn: less, reference: (a, b) => Number(a < b) },
  lessEqual: { fn: lessEqual, reference: (a, b) => Number(a <= b) },
  greater: { fn: greater, reference: (a, b) => Number(a > b) },
  greaterEqual: { fn: greaterEqual, reference: (a, b) => Number(a >= b) },
};

/** Two arrays that broadcast together. */
const pairs = (elements: fc.Arbitrary<number>): fc.Arbitrary<{ shape: number[]; a: Plain; b: Plain }> =>
  shapes(0, 3).chain((shape) =>
    fc
      .tuple(broadcastable(shape), fc.boolean())
      .chain(([smaller, swap]) =>
        fc
          .tuple(plainOf(shape, elements), plainOf(smaller, elements))
          .map(([whole, part]) => (swap ? { shape, a: part, b: whole } : { shape, a: whole, b: part })),
      ),
  );

describe.each(Object.entries(binaryCases))("%s", (_, { fn, reference, smooth }) => {
  it("broadcasts, special values included", async () => {
    await check(pairs(anyNumber), async ({ shape, a, b }) => {
      const expected = plain(shape, (position) => reference(atBroadcast(a, position), atBroadcast(b, position)));
      await expectValues(fn(toTensor(a), toTensor(b)), expected, 1e-6);
    });
  });

  it("takes numbers", async () => {
    await check(fc.tuple(plains(quarters), quarters), ([a, b]) =>
      expectValues(fn(toTensor(a), b), { ...a, data: a.data.map((n) => reference(n, b)) }, 1e-6),
    );
  });

  it("has the right gradients on both sides of a broadcast", async () => {
    if (!smooth) return;
    const a = { shape: [2, 1, 2], data: [0.7, 2.3, 3.5, 1.3] };
    const b = { shape: [3, 1], data: [1.1, 0.4, 2.9] };
    await expectGradient(fn, [a, b]);
  });

  it("names shapes that do not broadcast", () => {
    expectRefusal(() => fn(tensor([1, 2]), tensor([1, 2, 3])), ["[2]", "[3]", "reshape or unsqueeze"]);
  });
});

describe("power", () => {
  it("raises to numbers and tensors", async () => {
    const bases = fc.integer({ min: 1, max: 16 }).map((n) => n / 4);
    await check(pairs(bases), async ({ shape, a, b }) => {
      await expectValues(
        power(toTensor(a), toTensor(b)),
        plain(shape, (p) => atBroadcast(a, p) ** atBroadcast(b, p)),
      );
    });
    await check(fc.tuple(plains(), fc.integer({ min: -2, max: 4 })), ([a, n]) =>
      expectValues(power(toTensor(a), n), { ...a, data: a.data.map((x) => x ** n) }),
    );
  });

  it("has gradients for both operands, and for whole exponents of negative numbers", async () => {
    await expectGradient(power, [
      { shape: [3], data: [0.7, 1.3, 2.2] },
      { shape: [3], data: [1.6, -0.8, 2.5] },
    ]);
    for (const exponent of [1, 2, 3, 4, -1])
      await expectGradient((x) => power(x, exponent), [{ shape: [2], data: [-0.7, 1.3] }]);
  });
});

describe("clamp", () => {
  it("limits on either side", async () => {
    await check(fc.tuple(plains(anyNumber), quarters, quarters), async ([x, a, b]) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      await expectValues(clamp(toTensor(x), low, high), {
        ...x,
        data: x.data.map((n) => Math.min(high, Math.max(low, n))),
      });
      await expectValues(clamp(toTensor(x), low, Number.POSITIVE_INFINITY), {
        ...x,
        data: x.data.map((n) => Math.max(low, n)),
      });
    });
    await expectGradient((x) => clamp(x, -1, 1), [{ shape: [3], data: [-1.5, 0.3, 2] }]);
  });
});

describe("logic", () => {
  it("takes anything but 0 as true", async () => {
    await check(pairs(fc.constantFrom(0, 1, -2)), async ({ shape, a, b }) => {
      const both = (op: (x: boolean, y: boolean) => boolean): Plain =>
        plain(shape, (p) => Number(op(atBroadcast(a, p) !== 0, atBroadcast(b, p) !== 0)));
      await expectValues(
        logicalAnd(toTensor(a), toTensor(b)),
        both((x, y) => x && y),
      );
      await expectValues(
        logicalOr(toTensor(a), toTensor(b)),
        both((x, y) => x || y),
      );
      await expectValues(logicalNot(toTensor(a)), { ...a, data: a.data.map((x) => Number(x === 0)) });
    });
    expect(await logicalNot(tensor([true, false])).array()).toEqual([false, true]);
  });

  it("finds NaN", async () => {
    await check(plains(anyNumber), (x) =>
      expectValues(isNaN(toTensor(x)), { ...x, data: x.data.map((n) => Number(Number.isNaN(n))) }),
    );
  });
});

describe("bits", () => {
  const operators: Record<string, [(a: Tensor, b: Tensor | number) => Tensor, (a: number, b: number) => number]> = {
    bitwiseAnd: [bitwiseAnd, (a, b) => a & b],
    bitwiseOr: [bitwiseOr, (a, b) => a | b],
    bitwiseXor: [bitwiseXor, (a, b) => a ^ b],
  };

  it.each(Object.entries(operators))("%s", async (name, [fn, reference]) => {
    const words = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    await check(pairs(words), ({ shape, a, b }) =>
      expectValues(
        fn(toTensor(a, "int32"), toTensor(b, "int32")),
        plain(shape, (p) => reference(atBroadcast(a, p), atBroadcast(b, p))),
      ),
    );
    expectRefusal(() => fn(tensor([1.5]), tensor([2])), [name, 'cast("int32")'], DTypeError);
  });

  it("shifts int32 arithmetically, uint32 logically", async () => {
    const words = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    await check(fc.tuple(words, fc.integer({ min: 0, max: 31 })), async ([word, bits]) => {
      const [signed, unsigned] = [tensor([word | 0], { dtype: "int32" }), tensor([word], { dtype: "uint32" })];
      await expectValues(shiftRight(signed, bits), { shape: [1], data: [word >> bits] });
      await expectValues(shiftRight(unsigned, bits), { shape: [1], data: [word >>> bits] });
      await expectValues(shiftLeft(unsigned, bits), { shape: [1], data: [(word << bits) >>> 0] });
    });
  });
});

describe("where", () => {
  it("chooses, broadcasting all three", async () => {
    const arbitrary = shapes(0, 3).chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        broadcastable(shape).chain((s) => plainOf(s, fc.constantFrom(0, 1))),
        broadcastable(shape).chain((s) => plainOf(s, anyNumber)),
        plainOf(shape, anyNumber),
      ),
    );
    await check(arbitrary, async ([shape, choice, a, b]) => {
      const expected = plain(shape, (p) => (atBroadcast(choice, p) ? atBroadcast(a, p) : atBroadcast(b, p)));
      await expectValues(where(toTensor(choice, "bool"), toTensor(a), toTensor(b)), expected);
    });
    await expectGradient(
      (a, b) => where(tensor([true, false, true]), a, b),
      [
        { shape: [1], data: [2] },
        { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] },
      ],
    );
  });
});

describe("cast", () => {
  const conversions: readonly [DType, (x: number) => number][] = [
    ["float32", Math.fround],
    ["float64", (x) => x],
    ["float16", (x) => x],
    ["int32", Math.trunc],
    ["uint8", (x) => Math.trunc(Math.abs(x))],
    ["bool", (x) => Number(x !== 0)],
  ];

  it.each(conversions)("to %s", async (dtype, convert) => {
    await check(plains(quarters), async (x) => {
      const data = dtype === "uint8" ? x.data.map(Math.abs) : x.data;
      const y = cast(tensor(data, { shape: x.shape, dtype: "float64" }), dtype);
      expect(y.dtype).toBe(dtype);
      await expectValues(y, { ...x, data: data.map(convert) }, 0);
    });
  });

  it("rounds to the nearest half", async () => {
    expect(await cast(tensor([0.1, 65504, 1e6, 2 ** -24]), "float16").array()).toEqual([
      0.0999755859375,
      65504,
      Number.POSITIVE_INFINITY,
      2 ** -24,
    ]);
  });
});

describe("promotion", () => {
  it("follows the table", () => {
    const dtypeOf = (a: DType, b: DType): DType => tensor([1], { dtype: a }).add(tensor([1], { dtype: b })).dtype;
    expect(dtypeOf("int32", "float32")).toBe("float32");
    expect(dtypeOf("uint8", "int32")).toBe("int32");
    expect(dtypeOf("bool", "bool")).toBe("int32");
    expect(dtypeOf("float16", "float32")).toBe("float32");
    expect(tensor([1], { dtype: "int32" }).add(0.5).dtype).toBe("float32");
    expect(tensor([1], { dtype: "int32" }).divide(2).dtype).toBe("float32");
    expect(scalar(true).add(1).dtype).toBe("int32");
    expectRefusal(
      () => tensor([1], { dtype: "int32" }).add(tensor([1], { dtype: "uint32" })),
      ["int32", "uint32", "cast"],
      DTypeError,
    );
  });
});
