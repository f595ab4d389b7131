/** Pools against plain loops that follow PyTorch's rules. */
import "@sconce/backend-cpu/register";
import {
  ArgumentError,
  type AveragePoolOptions,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  globalAveragePool,
  globalMaxPool,
  grad,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
  openBackend,
  type Tensor,
  tensor,
  vjp,
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
  positions,
  quarters,
  toTensor,
} from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

/** Geometry of one spatial axis. */
interface Axis {
  readonly extent: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

interface Pool {
  readonly axes: readonly Axis[];
  readonly ceilMode: boolean;
  readonly x: Plain;
}

const special = fc.oneof(
  { weight: 9, arbitrary: quarters },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY) },
);

function pools(
  rank: number,
  elements: fc.Arbitrary<number>,
  dilations: readonly number[] = [1, 2],
): fc.Arbitrary<Pool> {
  const axis = fc
    .record({
      kernel: fc.integer({ min: 1, max: 4 }),
      stride: fc.integer({ min: 1, max: 4 }),
      dilation: fc.constantFrom(...dilations),
      more: fc.nat(5),
      pad: fc.nat(2),
    })
    .map(({ kernel, stride, dilation, more, pad }): Axis => {
      const reach = (kernel - 1) * dilation + 1;
      const padding = Math.min(pad, Math.floor(reach / 2));
      return { kernel, stride, dilation, padding, extent: Math.max(1, reach - 2 * padding) + more };
    });
  return fc
    .record({ axes: fc.array(axis, { minLength: rank, maxLength: rank }), ceilMode: fc.boolean(), batch: fc.nat(2) })
    .chain(({ axes, ceilMode, batch }) =>
      plainOf([batch, 2, ...axes.map(({ extent }) => extent)], elements).map((x) => ({ axes, ceilMode, x })),
    );
}

function optionsOf({ axes, ceilMode }: Pool): MaxPoolOptions {
  const each = (name: keyof Axis): number[] => axes.map((axis) => axis[name]);
  return {
    kernelSize: each("kernel"),
    stride: each("stride"),
    padding: each("padding"),
    dilation: each("dilation"),
    ceilMode,
  };
}

/** PyTorch's pooling_output_shape. */
function countOf({ extent, kernel, stride, padding, dilation }: Axis, ceilMode: boolean): number {
  const room = extent + 2 * padding - dilation * (kernel - 1) - 1;
  const count = Math.floor((room + (ceilMode ? stride - 1 : 0)) / stride) + 1;
  return ceilMode && (count - 1) * stride >= extent + padding ? count - 1 : count;
}

/** The positions that window `place` covers inside the input, row-major. */
function covered({ axes }: Pool, place: readonly number[]): number[][] {
  const within = positions(axes.map(({ kernel }) => kernel));
  const source = within.map((w) => axes.map((axis, i) => place[i] * axis.stride - axis.padding + w[i] * axis.dilation));
  return source.filter((s) => s.every((index, i) => index >= 0 && index < axes[i].extent));
}

const outputShape = ({ axes, ceilMode, x }: Pool): number[] => [
  ...x.shape.slice(0, 2),
  ...axes.map((axis) => countOf(axis, ceilMode)),
];

function maxPooled(given: Pool): Plain {
  return plain(outputShape(given), ([n, c, ...place]) =>
    Math.max(...covered(given, place).map((s) => at(given.x, [n, c, ...s]))),
  );
}

/** Where the first maximum of a window is; a NaN is one. A dilated window may see nothing but padding and have none. */
function firstMaximum(given: Pool, [n, c, ...place]: readonly number[]): number[] | undefined {
  const list = covered(given, place);
  const value = (s: number[]): number => at(given.x, [n, c, ...s]);
  return (
    list.find((s) => Number.isNaN(value(s))) ??
    list.reduce<number[] | undefined>((best, s) => (best && value(s) <= value(best) ? best : s), undefined)
  );
}

function averagePooled(given: Pool, countIncludePad: boolean): Plain {
  const { axes, x } = given;
  return plain(outputShape(given), ([n, c, ...place]) => {
    const size = axes.reduce((product, { stride, padding, kernel, extent }, i) => {
      const start = place[i] * stride - padding;
      const end = Math.min(start + kernel, extent + padding);
      return product * (countIncludePad ? end - start : Math.min(end, extent) - Math.max(start, 0));
    }, 1);
    return covered(given, place).reduce((sum, s) => sum + at(x, [n, c, ...s]), 0) / size;
  });
}

const maxPools: Record<string, [number, (x: Tensor, options: MaxPoolOptions) => Tensor]> = {
  maxPool1d: [1, maxPool1d],
  maxPool2d: [2, maxPool2d],
};

describe.each(Object.entries(maxPools))("%s", (name, [rank, pool]) => {
  it("takes the largest of each window; NaN if there is one", async () => {
    await check(pools(rank, special), (given) =>
      onEachWay(() => expectValues(pool(toTensor(given.x), optionsOf(given)), maxPooled(given))),
    );
  });

  it("sends the gradient to the first maximum, ties, NaN and -Infinity included", async () => {
    const ties = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 2 }) },
      { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY) },
    );
    await check(pools(rank, ties), (given) =>
      onEachWay(async () => {
        const shape = outputShape(given);
        const weights = plain(shape, (p) => p.reduce((sum, i) => sum * 3 + i + 1, 0));
        const sums = new Map<string, number>();
        for (const p of positions(shape)) {
          const target = [p[0], p[1], ...(firstMaximum(given, p) ?? [])].join();
          sums.set(target, (sums.get(target) ?? 0) + at(weights, p));
        }
        const x = toTensor(given.x);
        // A NaN in the product must not reach the gradient: the vector-Jacobian product is taken directly.
        await expectValues(
          vjp(pool(x, optionsOf(given)), x, toTensor(weights)),
          plain(given.x.shape, (p) => sums.get(p.join()) ?? 0),
        );
      }),
    );
  });

  it("has gradients of gradients", async () => {
    const x = plain([2, 2, ...[5, 6].slice(-rank)], (p) => Math.sin(p.reduce((sum, i) => sum * 6.1 + i, 1)) * 3);
    for (const options of [
      { kernelSize: 2 },
      { kernelSize: 3, stride: 2, padding: 1 },
      { kernelSize: 2, stride: 2, ceilMode: true, dilation: 2 },
    ]) {
      await onEachWay(() => expectGradient((t) => pool(t.mul(t), options), [x]));
    }
  });

  it("names what does not fit", () => {
    expectRefusal(() => pool(zeros([3, 4]), { kernelSize: 2 }), [name, "[3, 4]", `${rank + 2} axes`, "unsqueeze(0)"]);
    expectRefusal(
      () => pool(zeros([1, 1, ...Array(rank).fill(2)]), { kernelSize: 3 }),
      ["kernel of [3", "[1, 1, 2", "smaller kernel"],
    );
    expectRefusal(
      () => pool(zeros([1, 1, ...Array(rank).fill(9)]), { kernelSize: 3, padding: 2 }),
      [name, "padding [2", "half the kernel [3"],
      ArgumentError,
    );
    expectRefusal(
      () => pool(zeros([1, 1, ...Array(rank).fill(9)]), { kernelSize: 3, stride: 0 }),
      [name, "stride"],
      ArgumentError,
    );
  });
});

const averagePools: Record<string, [number, (x: Tensor, options: AveragePoolOptions) => Tensor]> = {
  avgPool1d: [1, avgPool1d],
  avgPool2d: [2, avgPool2d],
};

describe.each(Object.entries(averagePools))("%s", (name, [rank, pool]) => {
  it("averages each window, counting padding or not", async () => {
    await check(fc.tuple(pools(rank, quarters, [1]), fc.boolean()), ([given, countIncludePad]) =>
      onEachWay(() =>
        expectValues(
          pool(toTensor(given.x), { ...optionsOf(given), countIncludePad }),
          averagePooled(given, countIncludePad),
        ),
      ),
    );
  });

  it("has the right gradients", async () => {
    await check(
      fc.tuple(
        pools(rank, quarters, [1]).filter(({ x }) => x.shape[0] > 0),
        fc.boolean(),
      ),
      async ([given, countIncludePad]) =>
        expectGradient((t) => pool(t.mul(t), { ...optionsOf(given), countIncludePad }), [given.x]),
      20,
    );
    const x = plain([1, 2, ...[5, 6].slice(-rank)], (p) => Math.sin(p.reduce((sum, i) => sum * 6.1 + i, 1)));
    await onEachWay(() =>
      expectGradient((t) => pool(t.mul(t), { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }), [x]),
    );
  });

  it("names what does not fit", () => {
    expectRefusal(() => pool(zeros([3]), { kernelSize: 2 }), [name, "[3]", `${rank + 2} axes`]);
    expectRefusal(
      () => pool(zeros([1, 1, ...Array(rank).fill(2)]), { kernelSize: 3 }),
      ["averagePool", "kernel of [3", "[1, 1, 2"],
    );
  });
});

/** PyTorch's bins, pooled with a function of the list of elements. */
function adaptive(x: Plain, counts: readonly number[], combine: (list: number[]) => number): Plain {
  const spatial = x.shape.slice(2);
  return plain([...x.shape.slice(0, 2), ...counts], ([n, c, ...bin]) => {
    const start = bin.map((b, i) => Math.floor((b * spatial[i]) / counts[i]));
    const size = bin.map((b, i) => Math.ceil(((b + 1) * spatial[i]) / counts[i]) - start[i]);
    return combine(positions(size).map((p) => at(x, [n, c, ...p.map((offset, i) => start[i] + offset)])));
  });
}

const adaptivePools: Record<string, [number, (x: Tensor, size: number[]) => Tensor, (list: number[]) => number]> = {
  adaptiveAvgPool1d: [
    1,
    (x, [size]) => adaptiveAvgPool1d(x, size),
    (list) => list.reduce((a, b) => a + b) / list.length,
  ],
  adaptiveAvgPool2d: [
    2,
    (x, [h, w]) => adaptiveAvgPool2d(x, [h, w]),
    (list) => list.reduce((a, b) => a + b) / list.length,
  ],
  adaptiveMaxPool1d: [1, (x, [size]) => adaptiveMaxPool1d(x, size), (list) => Math.max(...list)],
  adaptiveMaxPool2d: [2, (x, [h, w]) => adaptiveMaxPool2d(x, [h, w]), (list) => Math.max(...list)],
};

describe.each(Object.entries(adaptivePools))("%s", (name, [rank, pool, combine]) => {
  const given = fc
    .tuple(
      fc.nat(2),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: rank, maxLength: rank }),
      fc.array(fc.integer({ min: 1, max: 8 }), { minLength: rank, maxLength: rank }),
    )
    .chain(([batch, spatial, counts]) =>
      plainOf([batch, 2, ...spatial], name.includes("Max") ? special : quarters).map((x) => ({ x, counts })),
    );

  it("pools bins that may overlap", async () => {
    await check(given, ({ x, counts }) =>
      onEachWay(() => expectValues(pool(toTensor(x), counts), adaptive(x, counts, combine))),
    );
  });

  it("has the right gradients", async () => {
    const x = plain([2, 2, ...[5, 7].slice(-rank)], (p) => Math.sin(p.reduce((sum, i) => sum * 7.3 + i, 1)) * 3);
    for (const counts of [
      [2, 3],
      [5, 1],
      [6, 9],
    ])
      await expectGradient((t) => pool(t.mul(t), counts.slice(0, rank)), [x]);
  });

  it("names what does not fit", () => {
    expectRefusal(() => pool(zeros([3]), [2, 2]), [name, "[3]"]);
    expectRefusal(() => pool(zeros([1, 1, ...Array(rank).fill(0)]), [2, 2]), [name, "empty spatial axis"]);
    expectRefusal(() => pool(zeros([1, 1, ...Array(rank).fill(2)]), [0, 2]), [name, "outputSize"], ArgumentError);
  });
});

describe("adaptive pools in detail", () => {
  it("take one number for both axes", () => {
    expect(adaptiveAvgPool2d(zeros([1, 2, 5, 7]), 3).shape).toEqual([1, 2, 3, 3]);
  });

  it("choose the first of equal maxima, -Infinity included", async () => {
    const x = tensor([[[-Infinity, -Infinity, -Infinity, 2, 2]]]);
    expect(await vjp(adaptiveMaxPool1d(x, 2), x, tensor([[[1, 1]]])).array()).toEqual([[[1, 0, 0, 1, 0]]]);
  });
});

describe("global pools", () => {
  it("leave [N, C]", async () => {
    const given = fc
      .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 })
      .chain((spatial) => plainOf([2, 3, ...spatial]));
    await check(given, (x) =>
      onEachWay(async () => {
        const lists = plain([2, 3], ([n, c]) => n * 3 + c);
        const size = x.data.length / 6;
        const list = (i: number): number[] => x.data.slice(i * size, (i + 1) * size);
        await expectValues(globalAveragePool(toTensor(x)), {
          shape: [2, 3],
          data: lists.data.map((i) => list(i).reduce((a, b) => a + b) / size),
        });
        await expectValues(globalMaxPool(toTensor(x)), {
          shape: [2, 3],
          data: lists.data.map((i) => Math.max(...list(i))),
        });
      }),
    );
    await expectGradient((t) => globalMaxPool(t.mul(t)), [plain([2, 1, 3, 2], (p) => p[0] + p[2] * 2 + p[3] * 0.3)]);
    await expectGradient((t) => globalAveragePool(t.mul(t)), [plain([2, 1, 3], (p) => p[0] + p[2] * 2)]);
    const x = zeros([1, 1, 2, 2]);
    expect(await grad(globalMaxPool(x).sum(), x).array()).toEqual([
      [
        [
          [1, 0],
          [0, 0],
        ],
      ],
    ]);
  });

  it("need spatial axes", () => {
    expectRefusal(() => globalAveragePool(zeros([2, 3])), ["globalAveragePool", "[2, 3]", "spatial"]);
    expectRefusal(() => globalMaxPool(zeros([2, 3, 0])), ["globalMaxPool", "[2, 3, 0]", "empty"]);
  });
});
