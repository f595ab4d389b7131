/** Matrix products against plain loops. */
import "@sconce/backend-cpu/register";
import { type DType, matmul, openBackend, outer, tensor, zeros } from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  atBroadcast,
  broadcastable,
  check,
  expectGradient,
  expectRefusal,
  expectValues,
  extents,
  onEachWay,
  type Plain,
  plain,
  plainOf,
  quarters,
  shapes,
  toTensor,
} from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

interface Product {
  readonly a: Plain;
  readonly b: Plain;
  readonly batch: readonly number[];
  readonly sizes: readonly [m: number, k: number, n: number];
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const products: fc.Arbitrary<Product> = fc
  .record({
    batch: shapes(0, 2),
    sizes: fc.tuple(extents, extents, extents),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    swap: fc.boolean(),
  })
  .chain(({ batch, sizes: [m, k, n], transposeA, transposeB, swap }) =>
    broadcastable(batch).chain((part) => {
      const [batchA, batchB] = swap ? [part, batch] : [batch, part];
      return fc
        .tuple(
          plainOf([...batchA, ...(transposeA ? [k, m] : [m, k])]),
          plainOf([...batchB, ...(transposeB ? [n, k] : [k, n])]),
        )
        .map(([a, b]) => ({ a, b, batch, sizes: [m, k, n] as const, transposeA, transposeB }));
    }),
  );

function productOf({ a, b, batch, sizes: [m, k, n], transposeA, transposeB }: Product): Plain {
  return plain([...batch, m, n], (p) => {
    const [lead, i, j] = [p.slice(0, -2), p[p.length - 2], p[p.length - 1]];
    let sum = 0;
    for (let r = 0; r < k; r++)
      sum +=
        atBroadcast(a, [...lead, ...(transposeA ? [r, i] : [i, r])]) *
        atBroadcast(b, [...lead, ...(transposeB ? [j, r] : [r, j])]);
    return sum;
  });
}

describe("matmul", () => {
  it("multiplies matrices, batches broadcasting", async () => {
    await check(
      products,
      (given) =>
        onEachWay(() => expectValues(matmul(toTensor(given.a), toTensor(given.b), given), productOf(given), 1e-5)),
      100,
    );
  });

  it.each<DType>(["float64", "float16"])("in %s", async (dtype) => {
    await check(
      products,
      (given) =>
        expectValues(
          matmul(toTensor(given.a, dtype), toTensor(given.b, dtype), given),
          productOf(given),
          dtype === "float16" ? 2e-2 : 1e-12,
        ),
      20,
    );
  });

  it("multiplies larger matrices than one block", async () => {
    const entry = (n: number): number => ((n * 7919) % 17) / 4 - 2;
    const a = plain([70, 300], ([i, j]) => entry(i * 300 + j));
    const b = plain([300, 41], ([i, j]) => entry(i * 41 + j + 5));
    const expected = productOf({ a, b, batch: [], sizes: [70, 300, 41], transposeA: false, transposeB: false });
    await expectValues(matmul(toTensor(a), toTensor(b)), expected, 1e-4);
  });

  it("takes vectors as a row on the left and a column on the right", async () => {
    const [row, matrix] = [
      tensor([1, 2]),
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ];
    expect(await matmul(row, matrix).array()).toEqual([9, 12, 15]);
    expect(await matmul(matrix, tensor([1, 0, -1])).array()).toEqual([-2, -2]);
    expect(await matmul(row, row).array()).toBe(5);
    expect(matmul(zeros([4, 2, 3]), zeros([3])).shape).toEqual([4, 2]);
    expect(matmul(zeros([2]), zeros([4, 2, 3])).shape).toEqual([4, 3]);
  });

  it("turns integers into float32", () => {
    expect(matmul(zeros([2, 2], "int32"), zeros([2, 2], "int32")).dtype).toBe("float32");
  });

  it("has the right gradients for every combination of transposes and batches", async () => {
    const values = (shape: number[]): Plain => ({
      shape,
      data: plain(shape, () => 0).data.map((_, i) => Math.cos(i + shape.length)),
    });
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const [a, b] = [transposeA ? [3, 2] : [2, 3], transposeB ? [4, 3] : [3, 4]];
        for (const [batchA, batchB] of [
          [[], []],
          [[2], []],
          [[], [2]],
          [[3, 1], [2]],
        ]) {
          await expectGradient(
            (x, y) => matmul(x, y, { transposeA, transposeB }),
            [values([...batchA, ...a]), values([...batchB, ...b])],
          );
        }
      }
    }
    await expectGradient((x, y) => matmul(x, y), [values([3]), values([3])]);
    await expectGradient((x, y) => matmul(x, y), [values([3]), values([2, 3, 2])]);
  });

  it("names shapes that do not fit", () => {
    expectRefusal(
      () => matmul(zeros([2, 3]), zeros([2, 3])),
      ["matmul", "[2, 3] times [2, 3]", "3 columns", "2 rows", "transposeB: true"],
    );
    expectRefusal(() => matmul(zeros([2, 2, 3]), zeros([3, 3, 2])), ["matmul", "broadcast"]);
    expectRefusal(() => matmul(zeros([4, 2, 3]), zeros([2, 3])), ["[4, 2, 3] times [2, 3]"]);
    expectRefusal(() => matmul(zeros([]), zeros([2])), ["matmul", "[]", "scalar"]);
  });
});

describe("outer", () => {
  it("multiplies each with each", async () => {
    await check(
      fc.tuple(
        extents.chain((m) => plainOf([m], quarters)),
        extents.chain((n) => plainOf([n], quarters)),
      ),
      ([a, b]) =>
        expectValues(
          outer(toTensor(a), toTensor(b)),
          plain([a.data.length, b.data.length], ([i, j]) => a.data[i] * b.data[j]),
        ),
    );
    await expectGradient(outer, [
      { shape: [2], data: [1, 2] },
      { shape: [3], data: [3, 4, 5] },
    ]);
    expectRefusal(() => outer(zeros([2, 2]), zeros([2])), ["outer", "[2, 2]", "vectors"]);
  });
});
