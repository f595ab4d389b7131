/** Movements against index arithmetic on plain arrays; every one of them must also send gradients back. */
import "@sconce/backend-cpu/register";
import {
  ArgumentError,
  broadcastTo,
  concatenate,
  flatten,
  flip,
  moveAxis,
  narrow,
  openBackend,
  pad,
  permute,
  reshape,
  roll,
  type SliceRange,
  slice,
  split,
  squeeze,
  stack,
  tensor,
  tile,
  transpose,
  unsqueeze,
  zeros,
} from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  at,
  atBroadcast,
  atOr,
  broadcastable,
  check,
  expectGradient,
  expectRefusal,
  expectValues,
  extents,
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

/** An array of at least one axis, and one of its axes counted from either end. */
const withAxis: fc.Arbitrary<{ x: Plain; axis: number; from: number }> = plains(quarters, 1, 3).chain((x) =>
  fc
    .integer({ min: -x.shape.length, max: x.shape.length - 1 })
    .map((from) => ({ x, from, axis: from < 0 ? from + x.shape.length : from })),
);

const replaced = (position: readonly number[], axis: number, index: number): number[] =>
  position.map((p, a) => (a === axis ? index : p));

const counting = (shape: number[]): Plain => ({
  shape,
  data: plain(shape, () => 0).data.map((_, i) => Math.sin(i + 1)),
});

describe("broadcastTo", () => {
  it("repeats axes of extent 1 and adds axes in front", async () => {
    const arbitrary = shapes(0, 4).chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        broadcastable(shape).chain((s) => plainOf(s)),
      ),
    );
    await check(arbitrary, ([shape, x]) =>
      expectValues(
        broadcastTo(toTensor(x), shape),
        plain(shape, (p) => atBroadcast(x, p)),
      ),
    );
    await expectGradient((x) => broadcastTo(x, [2, 3, 2]), [counting([3, 1])]);
  });

  it("refuses what does not fit", () => {
    expectRefusal(() => broadcastTo(zeros([2, 3]), [3, 3]), ["broadcastTo", "[2, 3]", "[3, 3]"]);
    expectRefusal(() => broadcastTo(zeros([2, 3]), [2, 1]), ["broadcastTo", "[2, 3]", "[2, 1]", "extent 1"]);
    expectRefusal(() => broadcastTo(zeros([1]), [-2]), ["-2", "whole numbers"]);
  });
});

describe("reshape", () => {
  /** Two shapes of one size. */
  const regrouped = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }).chain((factors) => {
    const grouping = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: factors.length, maxLength: factors.length });
    const grouped = (groups: number[]): number[] =>
      [0, 1, 2, 3].map((g) => factors.reduce((n, f, i) => (groups[i] === g ? n * f : n), 1));
    return fc.tuple(grouping, grouping).chain(([a, b]) => fc.tuple(plainOf(grouped(a)), fc.constant(grouped(b))));
  });

  it("keeps the elements in order", async () => {
    await check(regrouped, ([x, shape]) => expectValues(reshape(toTensor(x), shape), { shape, data: x.data }));
    await check(regrouped, ([x, shape]) =>
      expectValues(reshape(toTensor(x), [-1, ...shape.slice(1)]), { shape, data: x.data }),
    );
    expect(reshape(zeros([0, 3]), [2, 0]).shape).toEqual([2, 0]);
  });

  it("survives other movements on either side", async () => {
    await check(regrouped, async ([x, shape]) => {
      const flipped = flip(toTensor(x));
      const reversed = { shape, data: [...x.data].reverse() };
      await expectValues(reshape(flipped, shape), reversed);
      const order = [2, 0, 3, 1];
      const turned = permute(reshape(flipped, shape), order).add(1);
      await expectValues(
        turned,
        plain(
          order.map((axis) => shape[axis]),
          (p) => at(reversed, [p[1], p[3], p[0], p[2]]) + 1,
        ),
      );
    });
    await expectGradient((x) => reshape(permute(reshape(x, [2, 3, 2]), [2, 0, 1]), [4, 3]), [counting([3, 4])]);
  });

  it("says what does not fit", () => {
    expectRefusal(() => reshape(zeros([2, 3]), [4]), ["reshape", "[2, 3]", "6 elements", "[4]"]);
    expectRefusal(() => reshape(zeros([2, 3]), [-1, 4]), ["reshape", "[-1, 4]", "only one extent may be -1"]);
    expectRefusal(() => reshape(zeros([2, 3]), [-1, -1]), ["only one extent may be -1"]);
  });

  it("squeeze, unsqueeze and flatten change axes of extent 1", () => {
    const x = zeros([1, 3, 1, 2]);
    expect(squeeze(x).shape).toEqual([3, 2]);
    expect(squeeze(x, -2).shape).toEqual([1, 3, 2]);
    expect(unsqueeze(x, -1).shape).toEqual([1, 3, 1, 2, 1]);
    expect(unsqueeze(x, 0).shape).toEqual([1, 1, 3, 1, 2]);
    expect(flatten(x).shape).toEqual([6]);
    expect(flatten(x, 1).shape).toEqual([1, 6]);
    expect(flatten(zeros([])).shape).toEqual([1]);
    expectRefusal(() => squeeze(x, 1), ["squeeze", "[1, 3, 1, 2]", "is 3"]);
    expectRefusal(() => unsqueeze(x, 6), ["unsqueeze", "axis 6"]);
    expectRefusal(() => flatten(x, 2, 1), ["flatten", "first axis first"]);
  });
});

describe("permute, transpose, moveAxis", () => {
  const permuted = plains(quarters, 0, 4).chain((x) =>
    fc.tuple(
      fc.constant(x),
      fc.shuffledSubarray(
        x.shape.map((_, axis) => axis),
        { minLength: x.shape.length },
      ),
    ),
  );

  it("reorder axes", async () => {
    await check(permuted, async ([x, order]) => {
      const expected = plain(
        order.map((axis) => x.shape[axis]),
        (p) =>
          at(
            x,
            x.shape.map((_, axis) => p[order.indexOf(axis)]),
          ),
      );
      await expectValues(permute(toTensor(x), order), expected);
      await expectValues(
        permute(
          toTensor(x),
          order.map((axis) => axis - order.length),
        ),
        expected,
      );
    });
    await check(fc.tuple(withAxis, fc.nat()), async ([{ x, axis, from }, n]) => {
      const to = n % x.shape.length;
      const order = x.shape.map((_, a) => a).filter((a) => a !== axis);
      order.splice(to, 0, axis);
      const expected = plain(
        order.map((a) => x.shape[a]),
        (p) =>
          at(
            x,
            x.shape.map((_, a) => p[order.indexOf(a)]),
          ),
      );
      await expectValues(moveAxis(toTensor(x), from, to), expected);
    });
    expect(transpose(zeros([2, 3, 4])).shape).toEqual([2, 4, 3]);
    expect(transpose(zeros([2, 3, 4]), 0, -1).shape).toEqual([4, 3, 2]);
    await expectGradient((x) => permute(x, [2, 0, 1]), [counting([2, 3, 2])]);
  });

  it("refuse orders that are no permutation", () => {
    expectRefusal(() => permute(zeros([2, 3]), [0, 0]), ["permute", "[0, 0]", "[2, 3]", "permutation"]);
    expectRefusal(() => permute(zeros([2, 3]), [0, 2]), ["permute", "axis 2"]);
    expectRefusal(() => transpose(zeros([2])), ["transpose", "[2]"]);
  });
});

describe("slice", () => {
  const bound = fc.option(fc.integer({ min: -7, max: 7 }), { nil: undefined });
  const step = fc.integer({ min: -3, max: 3 }).map((n) => (n === 0 ? undefined : n));
  const range: fc.Arbitrary<SliceRange> = fc.oneof(fc.constant(null), fc.record({ start: bound, end: bound, step }));

  /** The positions that Python's range(*slice(start, end, step).indices(extent)) gives. */
  const pythonic = (r: SliceRange, extent: number): number[] => {
    if (typeof r === "number") return [r < 0 ? r + extent : r];
    const { start, end, step: by = 1 } = r ?? {};
    const clip = (p: number | undefined, low: number, high: number, missing: number): number =>
      p === undefined ? missing : Math.min(high, Math.max(low, p < 0 ? p + extent : p));
    const first = by > 0 ? clip(start, 0, extent, 0) : clip(start, -1, extent - 1, extent - 1);
    const last = by > 0 ? clip(end, 0, extent, extent) : clip(end, -1, extent - 1, -1);
    const found: number[] = [];
    for (let p = first; by > 0 ? p < last : p > last; p += by) found.push(p);
    return found;
  };

  it("takes what Python takes, and gives gradients back there", async () => {
    const arbitrary = plains(quarters, 1, 3).chain((x) =>
      fc.tuple(fc.constant(x), fc.array(range, { maxLength: x.shape.length })),
    );
    await check(
      arbitrary,
      async ([x, ranges]) => {
        const taken = x.shape.map((extent, axis) => pythonic(ranges[axis] ?? null, extent));
        await expectValues(
          slice(toTensor(x), ranges),
          plain(
            taken.map((list) => list.length),
            (p) =>
              at(
                x,
                p.map((i, axis) => taken[axis][i]),
              ),
          ),
        );
        await expectGradient((t) => slice(t, ranges), [x]);
      },
      100,
    );
  });

  it("drops the axis of a single position", async () => {
    await expectValues(
      slice(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        [-1, { start: 1 }],
      ),
      { shape: [2], data: [5, 6] },
    );
    expectRefusal(() => slice(zeros([2, 3]), [null, 3]), ["slice", "position 3", "axis 1", "[2, 3]", "-3 to 2"]);
    expectRefusal(() => slice(zeros([2]), [null, null]), ["2 ranges", "[2]"]);
    expectRefusal(() => slice(zeros([2]), [{ step: 0 }]), ["step 0"], ArgumentError);
  });

  it("of a slice is a slice", async () => {
    const arbitrary = plains(quarters, 1, 2).chain((x) => fc.tuple(fc.constant(x), range, range));
    await check(arbitrary, async ([x, a, b]) => {
      const once = pythonic(a, x.shape[0]);
      const twice = pythonic(b, once.length).map((i) => once[i]);
      const expected = plain([twice.length, ...x.shape.slice(1)], (p) => at(x, [twice[p[0]], ...p.slice(1)]));
      await expectValues(slice(slice(toTensor(x), [a]).mul(2), [b]), {
        ...expected,
        data: expected.data.map((n) => n * 2),
      });
    });
  });

  it("narrow and flip are slices", async () => {
    await check(withAxis, async ({ x, axis, from }) => {
      const extent = x.shape[axis];
      await expectValues(
        flip(toTensor(x), from),
        plain(x.shape, (p) => at(x, replaced(p, axis, extent - 1 - p[axis]))),
      );
      if (extent < 1) return;
      const shape = replaced(x.shape, axis, extent - 1);
      await expectValues(
        narrow(toTensor(x), from, 1, extent - 1),
        plain(shape, (p) => at(x, replaced(p, axis, p[axis] + 1))),
      );
    });
  });

  it("narrow refuses what lies outside", () => {
    expectRefusal(() => narrow(zeros([3]), 0, 2, 2), ["narrow", "[3]", "2"]);
    expectRefusal(() => narrow(zeros([3]), 0, -1, 2), ["narrow", "[3]", "-1"]);
  });
});

describe("pad", () => {
  const padded = plains(quarters, 1, 3).chain((x) =>
    fc.tuple(
      fc.constant(x),
      fc.tuple(
        ...x.shape.map((extent) =>
          fc.tuple(
            fc.integer({ min: -Math.floor(extent / 2), max: 3 }),
            fc.integer({ min: -Math.floor(extent / 2), max: 3 }),
          ),
        ),
      ),
      fc.constantFrom(0, 1.5, Number.NEGATIVE_INFINITY),
    ),
  );

  it("adds and cuts with a constant", async () => {
    await check(padded, async ([x, padding, value]) => {
      const shape = x.shape.map((extent, axis) => extent + padding[axis][0] + padding[axis][1]);
      const expected = plain(shape, (p) =>
        atOr(
          x,
          p.map((i, axis) => i - padding[axis][0]),
          value,
        ),
      );
      await expectValues(pad(toTensor(x), padding, { value }), expected);
    });
    await expectGradient(
      (x) =>
        pad(x, [
          [1, 2],
          [-1, 1],
        ]),
      [counting([2, 3])],
    );
  });

  it("mirrors and repeats the edge", async () => {
    const arbitrary = fc
      .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 2 })
      .chain((shape) =>
        fc.tuple(
          plainOf(shape),
          fc.tuple(
            ...shape.map((extent) =>
              fc.tuple(fc.integer({ min: 0, max: extent - 1 }), fc.integer({ min: 0, max: extent - 1 })),
            ),
          ),
        ),
      );
    await check(arbitrary, async ([x, padding]) => {
      const shape = x.shape.map((extent, axis) => extent + padding[axis][0] + padding[axis][1]);
      const mirror = (i: number, extent: number): number => (i < 0 ? -i : i >= extent ? 2 * (extent - 1) - i : i);
      const limit = (i: number, extent: number): number => Math.min(extent - 1, Math.max(0, i));
      for (const [mode, map] of [
        ["reflect", mirror],
        ["edge", limit],
      ] as const) {
        const expected = plain(shape, (p) =>
          at(
            x,
            p.map((i, axis) => map(i - padding[axis][0], x.shape[axis])),
          ),
        );
        await expectValues(pad(toTensor(x), padding, { mode }), expected);
      }
    });
    await expectGradient(
      (x) =>
        pad(
          x,
          [
            [1, 1],
            [2, 0],
          ],
          { mode: "reflect" },
        ),
      [counting([2, 3])],
    );
  });

  it("says what it needs", () => {
    expectRefusal(() => pad(zeros([2, 3]), [[1, 1]]), ["pad", "[[1, 1]]", "[2, 3]", "pair"]);
    expectRefusal(() => pad(zeros([2]), [[-2, -1]]), ["pad", "[2]", "cut less"]);
    expectRefusal(() => pad(zeros([2]), [[2, 0]], { mode: "reflect" }), ["reflect", "[2, 0]", "at most 1"]);
  });
});

describe("roll and tile", () => {
  it("roll moves around the end", async () => {
    await check(fc.tuple(withAxis, fc.integer({ min: -9, max: 9 })), async ([{ x, axis, from }, shift]) => {
      const extent = x.shape[axis];
      const expected = plain(x.shape, (p) =>
        at(x, replaced(p, axis, (((p[axis] - shift) % extent) + extent) % extent)),
      );
      await expectValues(roll(toTensor(x), shift, from), expected);
    });
  });

  it("tile repeats", async () => {
    await check(
      fc.tuple(plains(), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })),
      async ([x, repeats]) => {
        const rank = Math.max(x.shape.length, repeats.length);
        const own = [...Array(rank - x.shape.length).fill(1), ...x.shape];
        const counts = [...Array(rank - repeats.length).fill(1), ...repeats];
        const shape = own.map((extent, axis) => extent * counts[axis]);
        await expectValues(
          tile(toTensor(x), repeats),
          plain(shape, (p) =>
            at(
              { shape: own, data: x.data },
              p.map((i, axis) => i % own[axis]),
            ),
          ),
        );
      },
    );
    await expectGradient((x) => tile(x, [2, 1, 3]), [counting([2, 2])]);
    expectRefusal(() => tile(zeros([2]), [1.5]), ["tile", "1.5"], ArgumentError);
  });
});

describe("concatenate, stack, split", () => {
  const parts = withAxis.chain(({ x, axis, from }) =>
    fc
      .array(
        extents.chain((extent) => plainOf(replaced(x.shape, axis, extent))),
        { minLength: 1, maxLength: 5 },
      )
      .map((list) => ({ list: [x, ...list], axis, from })),
  );

  const joined = (list: readonly Plain[], axis: number): Plain => {
    const total = list.reduce((sum, x) => sum + x.shape[axis], 0);
    return plain(replaced(list[0].shape, axis, total), (p) => {
      let index = p[axis];
      for (const x of list) {
        if (index < x.shape[axis]) return at(x, replaced(p, axis, index));
        index -= x.shape[axis];
      }
      return Number.NaN;
    });
  };

  it("join and take apart again", async () => {
    await check(parts, async ({ list, axis, from }) => {
      const whole = concatenate(
        list.map((x) => toTensor(x)),
        from,
      );
      await expectValues(whole, joined(list, axis));
      const pieces = split(
        whole,
        list.map((x) => x.shape[axis]),
        from,
      );
      for (const [i, piece] of pieces.entries()) await expectValues(piece, list[i]);
    });
    await expectGradient(
      (a, b, c) => concatenate([a, b, c], 1),
      [counting([2, 1]), counting([2, 3]), counting([2, 2])],
    );
  });

  it("stack adds an axis", async () => {
    await check(fc.tuple(plains(), fc.nat()), async ([x, n]) => {
      const axis = n % (x.shape.length + 1);
      const expected = plain(
        [...x.shape.slice(0, axis), 2, ...x.shape.slice(axis)],
        (p) =>
          at(
            x,
            p.filter((_, a) => a !== axis),
          ) * (p[axis] === 0 ? 1 : 3),
      );
      await expectValues(stack([toTensor(x), toTensor(x).mul(3)], axis), expected);
      await expectValues(stack([toTensor(x), toTensor(x).mul(3)], axis - x.shape.length - 1), expected);
    });
  });

  it("promote dtypes", () => {
    expect(concatenate([tensor([1], { dtype: "int32" }), tensor([1.5])]).dtype).toBe("float32");
  });

  it("say what does not fit", () => {
    expectRefusal(() => concatenate([zeros([2, 3]), zeros([3, 2])]), ["concatenate", "[2, 3]", "[3, 2]", "axis 0"]);
    expectRefusal(() => concatenate([]), ["concatenate", "at least one"], ArgumentError);
    expectRefusal(() => stack([]), ["stack"], ArgumentError);
    expectRefusal(() => stack([zeros([2]), zeros([3])]), ["[2]", "[3]", "stack"]);
    expectRefusal(() => split(zeros([5]), 2), ["split", "2 equal parts", "[5]"]);
    expectRefusal(() => split(zeros([5]), [2, 2]), ["split", "[2, 2]", "add up to 5"]);
  });
});
