/** Reading, adding and sorting at positions given by tensors, against plain loops. */
import "@sconce/backend-cpu/register";
import {
  argsort,
  DTypeError,
  embedding,
  gather,
  grad,
  indexSelect,
  oneHot,
  openBackend,
  scatterAdd,
  sort,
  tensor,
  topK,
  zeros,
} from "@sconce/core";
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
  positions,
  quarters,
  toTensor,
} from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

const replaced = (position: readonly number[], axis: number, index: number): number[] =>
  position.map((p, a) => (a === axis ? index : p));

/** An array, one of its axes, and an index array that fits gather and scatterAdd; some indices lie outside. */
const gathered: fc.Arbitrary<{ x: Plain; axis: number; indices: Plain }> = plains(quarters, 1, 3).chain((x) =>
  fc
    .tuple(fc.nat(x.shape.length - 1), fc.nat(4))
    .chain(([axis, count]) =>
      fc
        .tuple(
          ...x.shape.map((extent, a) =>
            a === axis ? fc.constant(count) : fc.integer({ min: Math.max(0, extent - 1), max: extent }),
          ),
        )
        .chain((shape) =>
          plainOf(shape, fc.integer({ min: -1, max: x.shape[axis] })).map((indices) => ({ x, axis, indices })),
        ),
    ),
);

describe("gather", () => {
  it("reads along one axis; NaN outside", async () => {
    await check(gathered, ({ x, axis, indices }) =>
      onEachWay(async () => {
        const expected = plain(indices.shape, (p) => {
          const index = at(indices, p);
          return index >= 0 && index < x.shape[axis] ? at(x, replaced(p, axis, index)) : Number.NaN;
        });
        await expectValues(gather(toTensor(x), toTensor(indices, "int32"), axis), expected);
        const whole = { ...expected, data: expected.data.map((n) => (Number.isNaN(n) ? 0 : Math.trunc(n))) };
        await expectValues(
          gather(
            toTensor({ ...x, data: x.data.map(Math.trunc) }, "int32"),
            toTensor(indices, "int32"),
            axis - x.shape.length,
          ),
          whole,
        );
      }),
    );
  });

  it("sends gradients to where it read", async () => {
    const indices = tensor(
      [
        [0, 2, 2],
        [1, 0, 1],
      ],
      { dtype: "int32" },
    );
    await expectGradient((x) => gather(x, indices, 1), [{ shape: [3, 3], data: [1, 2, 3, 4, 5, 6, 7, 8, 9] }]);
    const x = zeros([2, 2]);
    expect(await grad(gather(x, tensor([[5, 0]], { dtype: "int32" }), 1).sum(), x).array()).toEqual([
      [1, 0],
      [0, 0],
    ]);
  });

  it("says what does not fit", () => {
    expectRefusal(() => gather(zeros([2, 3]), zeros([2], "int32"), 0), ["gather", "[2]", "[2, 3]", "indexSelect"]);
    expectRefusal(() => gather(zeros([2, 3]), zeros([2, 4], "int32"), 0), ["gather", "[2, 4]"]);
    expectRefusal(() => gather(zeros([2]), zeros([2]), 0), ["gather", "float32", 'cast("int32")'], DTypeError);
    expectRefusal(() => gather(zeros([2]), zeros([2], "int32"), 3), ["axis 3"]);
  });
});

describe("scatterAdd", () => {
  it("adds along one axis; nothing outside", async () => {
    await check(gathered, ({ x, axis, indices }) =>
      onEachWay(async () => {
        const sums = [...x.data];
        const strides = x.shape.map((_, a) => x.shape.slice(a + 1).reduce((n, extent) => n * extent, 1));
        for (const p of positions(indices.shape)) {
          const index = at(indices, p);
          if (index < 0 || index >= x.shape[axis]) continue;
          sums[replaced(p, axis, index).reduce((flat, i, a) => flat + i * strides[a], 0)] += at(indices, p) + 0.5;
        }
        const updates = toTensor({ ...indices, data: indices.data.map((n) => n + 0.5) });
        await expectValues(scatterAdd(toTensor(x), toTensor(indices, "int32"), updates, axis), { ...x, data: sums });
      }),
    );
  });

  it("sends gradients to both", async () => {
    const indices = tensor([[0, 2, 2]], { dtype: "int32" });
    await expectGradient(
      (x, updates) => scatterAdd(x, indices, updates.mul(updates), 1),
      [
        { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] },
        { shape: [1, 3], data: [1, -2, 3] },
      ],
    );
  });

  it("says what does not fit", () => {
    const indices = zeros([3], "int32");
    expectRefusal(() => scatterAdd(zeros([2]), indices, zeros([2]), 0), ["scatterAdd", "indices [3]", "updates [2]"]);
    expectRefusal(() => scatterAdd(zeros([2, 2]), zeros([1, 3], "int32"), zeros([1, 3]), 0), ["[1, 3]", "[2, 2]"]);
  });
});

describe("indexSelect and embedding", () => {
  it("replace an axis by the axes of the indices", async () => {
    const arbitrary = plains(quarters, 1, 3).chain((x) =>
      fc
        .nat(x.shape.length - 1)
        .chain((axis) =>
          plains(fc.integer({ min: -1, max: x.shape[axis] }), 0, 2).map((indices) => ({ x, axis, indices })),
        ),
    );
    await check(arbitrary, ({ x, axis, indices }) =>
      onEachWay(async () => {
        const rank = indices.shape.length;
        const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
        const expected = plain(shape, (p) => {
          const index = at(indices, p.slice(axis, axis + rank));
          return index >= 0 && index < x.shape[axis]
            ? at(x, [...p.slice(0, axis), index, ...p.slice(axis + rank)])
            : Number.NaN;
        });
        await expectValues(indexSelect(toTensor(x), toTensor(indices, "int32"), axis - x.shape.length), expected);
      }),
    );
  });

  it("embedding adds up the gradients of repeated tokens", async () => {
    const weight = zeros([4, 2]);
    const tokens = tensor(
      [
        [1, 1],
        [3, 0],
      ],
      { dtype: "int32" },
    );
    expect(embedding(weight, tokens).shape).toEqual([2, 2, 2]);
    expect(await grad(embedding(weight, tokens).sum(), weight).array()).toEqual([
      [1, 1],
      [2, 2],
      [0, 0],
      [1, 1],
    ]);
    await expectGradient((w) => embedding(w.mul(w), tokens), [{ shape: [4, 2], data: [1, 2, 3, 4, 5, 6, 7, 8] }]);
    await expectGradient((x) => indexSelect(x, tokens, 1), [{ shape: [2, 4], data: [1, 2, 3, 4, 5, 6, 7, 8] }]);
    expectRefusal(() => embedding(zeros([3]), tokens), ["embedding", "[3]", "[vocabulary, width]"]);
    expectRefusal(() => embedding(weight, zeros([2])), ["int32"], DTypeError);
  });
});

describe("oneHot", () => {
  it("has a 1 at the class", async () => {
    await check(fc.tuple(plains(fc.integer({ min: -1, max: 4 })), fc.nat(4)), ([x, classes]) =>
      expectValues(
        oneHot(toTensor(x, "int32"), classes),
        plain([...x.shape, classes], (p) => Number(at(x, p.slice(0, -1)) === p[p.length - 1])),
      ),
    );
    expect(oneHot(tensor([1], { dtype: "int32" }), 2, "bool").dtype).toBe("bool");
    expectRefusal(() => oneHot(tensor([1]), 2), ["oneHot", "float32"], DTypeError);
  });
});

describe("sorting", () => {
  const orderOf = (list: number[], descending: boolean): number[] => {
    const compare = (a: number, b: number): number =>
      a < b ? -1 : a > b ? 1 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return list.map((_, i) => i).sort((i, j) => (descending ? -1 : 1) * compare(list[i], list[j]) || i - j);
  };
  const elements = fc.oneof(
    { weight: 8, arbitrary: quarters },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0) },
  );

  it("argsort, sort and topK agree with a stable sort that puts NaN last", async () => {
    await check(fc.tuple(plains(elements, 1, 3), fc.nat(), fc.boolean()), async ([x, n, descending]) => {
      const axis = n % x.shape.length;
      const extent = x.shape[axis];
      const line = (p: number[]): number[] => Array.from({ length: extent }, (_, i) => at(x, replaced(p, axis, i)));
      const order = plain(x.shape, (p) => orderOf(line(p), descending)[p[axis]]);
      const sorted = plain(x.shape, (p) => line(p)[at(order, p)]);
      const options = { axis: axis - x.shape.length, descending };
      await expectValues(argsort(toTensor(x), options), order);
      await expectValues(sort(toTensor(x), options), sorted);
      const k = Math.floor(extent / 2);
      const top = topK(toTensor(x), k, { axis, largest: descending });
      await expectValues(
        top.indices,
        plain(replaced(x.shape, axis, k), (p) => at(order, p)),
      );
      await expectValues(
        top.values,
        plain(replaced(x.shape, axis, k), (p) => at(sorted, p)),
      );
    });
  });

  it("sorts integers and halves", async () => {
    expect(await sort(tensor([-1, 5, -3], { dtype: "int32" })).array()).toEqual([-3, -1, 5]);
    expect(await sort(tensor(new Uint32Array([4e9, 1, 3e9]))).array()).toEqual([1, 3e9, 4e9]);
    expect(await sort(tensor([1, -2, 0.5], { dtype: "float16" })).array()).toEqual([-2, 0.5, 1]);
  });

  it("sends gradients along", async () => {
    await expectGradient((x) => sort(x, { axis: 0 }), [{ shape: [3, 2], data: [3, 1, 2, 6, 5, 4] }]);
    await expectGradient((x) => topK(x, 2).values, [{ shape: [2, 3], data: [3, 1, 2, 6, 5, 4] }]);
    const x = tensor([1, 2]);
    expectRefusal(() => topK(x, 3), ["topK", "k is 3", "[2]", "0 to 2"]);
    expectRefusal(() => sort(x, { axis: 1 }), ["sort", "axis 1"]);
  });
});
