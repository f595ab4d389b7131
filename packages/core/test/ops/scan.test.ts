/** Cumulative sums against a running total. */
import "@sconce/backend-cpu/register";
import { cumulativeSum, ones, openBackend, tensor, zeros } from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  at,
  check,
  expectGradient,
  expectRefusal,
  expectValues,
  onEachWay,
  type Plain,
  plain,
  plainOf,
  plains,
  quarters,
  toTensor,
} from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

const flags = fc.record({ reverse: fc.boolean(), exclusive: fc.boolean() });

function running(x: Plain, axis: number, { reverse, exclusive }: { reverse: boolean; exclusive: boolean }): Plain {
  return plain(x.shape, (p) => {
    let sum = 0;
    for (let i = 0; i < x.shape[axis]; i++) {
      const before = reverse ? i > p[axis] : i < p[axis];
      if (before || (!exclusive && i === p[axis]))
        sum += at(
          x,
          p.map((q, a) => (a === axis ? i : q)),
        );
    }
    return sum;
  });
}

describe("cumulativeSum", () => {
  it("adds up along any axis, in either direction, with or without the element itself", async () => {
    await check(fc.tuple(plains(quarters, 1, 3), fc.nat(), flags), ([x, n, options]) =>
      onEachWay(() => {
        const axis = n % x.shape.length;
        return expectValues(cumulativeSum(toTensor(x), axis - x.shape.length, options), running(x, axis, options));
      }),
    );
  });

  it("cuts long axes into blocks", async () => {
    const long = fc
      .tuple(fc.integer({ min: 60, max: 400 }), fc.boolean())
      .chain(([length, first]) => plainOf(first ? [length, 2] : [2, length]));
    await check(
      fc.tuple(long, flags),
      ([x, options]) =>
        expectValues(
          cumulativeSum(toTensor(x), x.shape[0] === 2 ? 1 : 0, options),
          running(x, x.shape[0] === 2 ? 1 : 0, options),
        ),
      20,
    );
    const total = await cumulativeSum(ones([5000], "int32"), 0).data();
    expect(total.every((sum: number, i: number) => sum === i + 1)).toBe(true);
  });

  it("keeps NaN and Infinity to the sums they belong to", async () => {
    await expectValues(cumulativeSum(tensor([1, Number.POSITIVE_INFINITY, 2, Number.NaN, 3]), 0), {
      shape: [5],
      data: [1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, Number.NaN],
    });
    const x = tensor(Array.from({ length: 100 }, (_, i) => (i === 70 ? Number.NaN : 1)));
    expect((await cumulativeSum(x, 0).data()).findIndex(Number.isNaN)).toBe(70);
  });

  it("counts bool and small integers as int32", async () => {
    const sums = cumulativeSum(tensor([true, false, true]), 0);
    expect(sums.dtype).toBe("int32");
    expect(await sums.array()).toEqual([1, 1, 2]);
    expect(await cumulativeSum(tensor(new Uint8Array([200, 200])), 0).array()).toEqual([200, 400]);
  });

  it("has the reversed sum as its gradient", async () => {
    for (const reverse of [false, true]) {
      for (const exclusive of [false, true]) {
        await expectGradient(
          (x) => cumulativeSum(x.mul(x), 1, { reverse, exclusive }),
          [plain([2, 3, 2], (p) => Math.sin(p[0] * 6 + p[1] * 2 + p[2]))],
        );
        await expectGradient(
          (x) => cumulativeSum(x.mul(x), 0, { reverse, exclusive }),
          [plain([70], ([i]) => Math.sin(i))],
        );
      }
    }
  });

  it("refuses axes that are not there", () => {
    expectRefusal(() => cumulativeSum(zeros([2]), 1), ["cumulativeSum", "axis 1", "rank 1"]);
    expectRefusal(() => cumulativeSum(zeros([]), 0), ["cumulativeSum", "rank 0"]);
  });
});
