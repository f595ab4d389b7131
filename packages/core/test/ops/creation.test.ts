/** Tensors from nothing and from JavaScript values. */
import "@sconce/backend-cpu/register";
import {
  ArgumentError,
  arange,
  broadcastTo,
  constantValue,
  type DType,
  dtypes,
  eye,
  fromHost,
  full,
  iota,
  linspace,
  ones,
  onesLike,
  openBackend,
  reshape,
  ShapeError,
  scalar,
  tensor,
  zeros,
  zerosLike,
} from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { check, expectRefusal, expectValues, plain, plains, quarters, shapes } from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

describe("tensor", () => {
  it("gives back nested arrays as they were", async () => {
    const nested = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }).chain((shape) => {
      const level = (axis: number): fc.Arbitrary<unknown> =>
        axis === shape.length
          ? quarters
          : fc.array(level(axis + 1), { minLength: shape[axis], maxLength: shape[axis] });
      return level(0);
    });
    await check(nested, async (values) => {
      expect(await tensor(values as number[]).array()).toEqual(values);
    });
  });

  it("takes the dtype of typed arrays, bool of booleans, float32 of numbers", () => {
    expect(tensor(new Int32Array(2)).dtype).toBe("int32");
    expect(tensor(new Float64Array(2)).dtype).toBe("float64");
    expect(tensor(new Uint16Array(2)).dtype).toBe("float16");
    expect(tensor([true, false]).dtype).toBe("bool");
    expect(tensor([1, 2]).dtype).toBe("float32");
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    expect(scalar(true).dtype).toBe("bool");
    expect(scalar(2).shape).toEqual([]);
  });

  it.each(dtypes)("holds %s", async (dtype: DType) => {
    const values = dtype === "bool" ? [0, 1, 1] : [0, 1, 200];
    await expectValues(tensor(values, { dtype }), { shape: [3], data: values }, 0);
    await expectValues(tensor(values, { dtype }).reshape([3, 1]), { shape: [3, 1], data: values }, 0);
  });

  it("keeps what fromHost was given, and copies everything else", async () => {
    const array = new Float32Array([1, 2]);
    const [copied, shared] = [tensor(array), fromHost({ shape: [2], dtype: "float32", data: array })];
    array[0] = 5;
    expect(await copied.array()).toEqual([1, 2]);
    expect(await shared.array()).toEqual([5, 2]);
  });

  it("says what is wrong with the data", () => {
    expectRefusal(() => tensor([[1, 2], [3]]), ["differ in length", "same length"]);
    expectRefusal(() => tensor([[1], 2]), ["differ in length or depth"]);
    expectRefusal(() => tensor([[[]], 1] as never), ["differ in length or depth"]);
    expectRefusal(() => tensor([1, 2, 3], { shape: [2, 2] }), ["3 elements", "[2, 2]"]);
    expectRefusal(() => tensor(["1"] as never), ["1 (string)", "numbers or booleans"], ArgumentError);
    expectRefusal(() => tensor(new Int8Array(2) as never), ["Int8Array", "Uint8Array"], ArgumentError);
  });
});

describe("full", () => {
  it("repeats one number, and says so", async () => {
    await check(fc.tuple(shapes(0, 3), quarters), async ([shape, value]) => {
      const x = full(shape, value);
      expect(constantValue(x)).toBe(value);
      await expectValues(
        x,
        plain(shape, () => value),
      );
      expect(constantValue(broadcastTo(reshape(full([], value), [1]), [4]))).toBe(value);
      expect(constantValue(tensor([value]))).toBeUndefined();
    });
    await expectValues(ones([2], "int32"), { shape: [2], data: [1, 1] });
    await expectValues(zeros([1, 2]), { shape: [1, 2], data: [0, 0] });
    await expectValues(full([1], 0.1, "float16"), { shape: [1], data: [0.0999755859375] }, 0);
  });

  it("takes shape and dtype from a tensor", async () => {
    await check(plains(), async (x) => {
      const like = tensor(x.data.flat(), { shape: x.shape, dtype: "float64" });
      expect([zerosLike(like).dtype, onesLike(like).dtype]).toEqual(["float64", "float64"]);
      await expectValues(
        onesLike(like),
        plain(x.shape, () => 1),
      );
    });
  });

  it("refuses extents that are no whole numbers", () => {
    expectRefusal(() => zeros([2, -1]), ["[2, -1]", "-1", "whole numbers"]);
    expectRefusal(() => ones([1.5]), ["1.5"], ShapeError);
  });
});

describe("counting", () => {
  it("iota counts along an axis", async () => {
    await check(fc.tuple(shapes(1, 3), fc.nat()), async ([shape, n]) => {
      const axis = n % shape.length;
      await expectValues(
        iota(shape, axis),
        plain(shape, (p) => p[axis]),
      );
      await expectValues(
        iota(shape, axis - shape.length),
        plain(shape, (p) => p[axis]),
      );
    });
    expectRefusal(() => iota([2], 1), ["iota", "axis 1"]);
  });

  it("arange counts in steps", async () => {
    await check(
      fc.tuple(
        quarters,
        quarters,
        quarters.filter((n) => n !== 0),
      ),
      async ([start, end, step]) => {
        const expected: number[] = [];
        for (let i = 0; step > 0 ? start + i * step < end : start + i * step > end; i++)
          expected.push(start + i * step);
        await expectValues(arange(start, end, step), { shape: [expected.length], data: expected });
      },
    );
    expect(arange(3).dtype).toBe("int32");
    expect(arange(0, 1, 0.25).dtype).toBe("float32");
    expect(arange(3, undefined, 1, "uint8").dtype).toBe("uint8");
    expectRefusal(() => arange(0, 1, 0), ["arange", "step is 0"], ArgumentError);
  });

  it("linspace includes both ends", async () => {
    await check(fc.tuple(quarters, quarters, fc.integer({ min: 0, max: 9 })), async ([start, end, count]) => {
      const expected = plain([count], ([i]) => (count > 1 ? start + ((end - start) * i) / (count - 1) : start));
      await expectValues(linspace(start, end, count), expected);
    });
  });

  it("eye has ones on the diagonal", async () => {
    await check(fc.tuple(fc.nat(4), fc.nat(4)), ([m, n]) =>
      expectValues(
        eye(m, n),
        plain([m, n], ([i, j]) => Number(i === j)),
      ),
    );
    expect(eye(2, 2, "bool").dtype).toBe("bool");
  });
});
