/** Softmax and the normalizations against plain loops with PyTorch's semantics. */
import "@sconce/backend-cpu/register";
import {
  ArgumentError,
  batchNorm,
  batchNormTraining,
  compile,
  explain,
  groupNorm,
  instanceNorm,
  layerNorm,
  logSoftmax,
  type NormalizationOptions,
  openBackend,
  softmax,
  type Tensor,
  tensor,
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

const average = (list: number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const spread = (list: number[]): number => average(list.map((n) => (n - average(list)) ** 2));

/** (x - mean) / sqrt(variance + epsilon) over all elements with equal `group`, times weight plus bias by `parameter`. */
function normalized(
  x: Plain,
  group: (p: number[]) => string,
  parameter: (p: number[]) => number,
  weight?: Plain,
  bias?: Plain,
  epsilon = 1e-5,
): Plain {
  const lists = new Map<string, number[]>();
  for (const p of positions(x.shape)) lists.set(group(p), [...(lists.get(group(p)) ?? []), at(x, p)]);
  const statistics = new Map([...lists].map(([key, list]) => [key, [average(list), spread(list)]]));
  return plain(x.shape, (p) => {
    const [mean, variance] = statistics.get(group(p)) as number[];
    return (
      ((at(x, p) - mean) / Math.sqrt(variance + epsilon)) * (weight?.data[parameter(p)] ?? 1) +
      (bias?.data[parameter(p)] ?? 0)
    );
  });
}

interface Given {
  readonly x: Plain;
  readonly weight?: Plain;
  readonly bias?: Plain;
}

/** x [N, C, ...spatial] with weight and bias per channel, each perhaps absent. */
function given(channels: fc.Arbitrary<number>, spatialAxes: readonly [number, number], least = 1): fc.Arbitrary<Given> {
  const spatial = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: spatialAxes[0], maxLength: spatialAxes[1] });
  return fc
    .tuple(fc.integer({ min: 1, max: 3 }), channels, spatial)
    .filter(([n, , rest]) => (least === 1 ? n : 1) * rest.reduce((a, b) => a * b, 1) > 1)
    .chain(([n, c, rest]) =>
      fc.record({
        x: plainOf([n, c, ...rest]),
        weight: fc.option(plainOf([c]), { nil: undefined }),
        bias: fc.option(plainOf([c]), { nil: undefined }),
      }),
    );
}

const tensorsOf = ({ weight, bias }: Given): NormalizationOptions => ({
  weight: weight && toTensor(weight),
  bias: bias && toTensor(bias),
});

const wave = (...shape: number[]): Plain => ({
  shape,
  data: plain(shape, () => 0).data.map((_, i) => 2 * Math.sin(2.3 * i + shape.length)),
});

describe("softmax and logSoftmax", () => {
  it("are exponentials over their sum, and its logarithm", async () => {
    await check(fc.tuple(plains(quarters, 1, 3), fc.nat()), ([x, n]) =>
      onEachWay(async () => {
        const axis = n % x.shape.length;
        const share = (p: number[]): number => {
          const line = Array.from({ length: x.shape[axis] }, (_, i) =>
            Math.exp(
              at(
                x,
                p.map((q, a) => (a === axis ? i : q)),
              ),
            ),
          );
          return Math.exp(at(x, p)) / line.reduce((a, b) => a + b);
        };
        await expectValues(softmax(toTensor(x), axis), plain(x.shape, share));
        await expectValues(
          logSoftmax(toTensor(x), axis - x.shape.length),
          plain(x.shape, (p) => Math.log(share(p))),
        );
      }),
    );
  });

  it("keep large numbers apart", async () => {
    expect(await softmax(tensor([1000, 1000, -1000])).array()).toEqual([0.5, 0.5, 0]);
    expect(await logSoftmax(tensor([1000, 0])).array()).toEqual([0, -1000]);
    expect(await softmax(tensor([0, Number.NEGATIVE_INFINITY])).array()).toEqual([1, 0]);
  });

  it("have the right gradients", async () => {
    await onEachWay(async () => {
      await expectGradient((x) => softmax(x, 1), [wave(2, 3, 2)]);
      await expectGradient((x) => logSoftmax(x), [wave(2, 3)]);
    });
    expectRefusal(() => softmax(zeros([2]), 1), ["softmax", "axis 1"]);
  });
});

describe("batchNorm", () => {
  it("uses the given statistics", async () => {
    const arbitrary = given(fc.integer({ min: 0, max: 3 }), [0, 2]).chain((g) =>
      fc.tuple(fc.constant(g), plainOf([g.x.shape[1]]), plainOf([g.x.shape[1]], fc.integer({ min: 1, max: 8 }))),
    );
    await check(arbitrary, async ([{ x, weight, bias }, mean, variance]) => {
      const options = {
        ...tensorsOf({ x, weight, bias }),
        mean: toTensor(mean),
        variance: toTensor(variance),
        epsilon: 1e-3,
      };
      const expected = plain(
        x.shape,
        (p) =>
          ((at(x, p) - mean.data[p[1]]) / Math.sqrt(variance.data[p[1]] + 1e-3)) * (weight?.data[p[1]] ?? 1) +
          (bias?.data[p[1]] ?? 0),
      );
      await expectValues(batchNorm(toTensor(x), options), expected);
    });
  });

  it("has gradients for everything it is given", async () => {
    const positive = { shape: [3], data: [0.7, 1.9, 3.1] };
    await expectGradient(
      (x, mean, variance, weight, bias) => batchNorm(x, { mean, variance, weight, bias }),
      [wave(2, 3, 2), wave(3), positive, wave(3), wave(3)],
    );
  });

  it("names what does not fit", () => {
    const [mean, variance] = [zeros([3]), zeros([3])];
    expectRefusal(() => batchNorm(zeros([3]), { mean, variance }), ["batchNorm", "[3]", "[batch, channels, ...]"]);
    expectRefusal(
      () => batchNorm(zeros([2, 4]), { mean, variance }),
      ["batchNorm", "mean has shape [3]", "[2, 4]", "[4]"],
    );
    expectRefusal(() => batchNorm(zeros([2, 3]), { mean, variance, weight: zeros([1]) }), ["weight has shape [1]"]);
    expectRefusal(
      () => batchNorm(zeros([2, 3]), { mean, variance, epsilon: -1 }),
      ["batchNorm", "epsilon is -1"],
      ArgumentError,
    );
  });
});

describe("batchNormTraining", () => {
  it("normalizes per channel and gives the statistics it used", async () => {
    await check(given(fc.integer({ min: 0, max: 3 }), [0, 3]), (g) =>
      onEachWay(async () => {
        const { output, mean, variance } = batchNormTraining(toTensor(g.x), tensorsOf(g));
        await expectValues(
          output,
          normalized(
            g.x,
            (p) => String(p[1]),
            (p) => p[1],
            g.weight,
            g.bias,
          ),
          1e-4,
        );
        const lists = Array.from({ length: g.x.shape[1] }, (_, c) =>
          positions(g.x.shape)
            .filter((p) => p[1] === c)
            .map((p) => at(g.x, p)),
        );
        await expectValues(mean, { shape: [lists.length], data: lists.map(average) });
        await expectValues(variance, { shape: [lists.length], data: lists.map(spread) });
      }),
    );
  });

  it("has the right gradients, through the statistics too", async () => {
    await onEachWay(async () => {
      await expectGradient(
        (x, weight, bias) => batchNormTraining(x, { weight, bias, epsilon: 0.1 }).output,
        [wave(3, 2, 2), wave(2), wave(2)],
      );
      await expectGradient((x) => batchNormTraining(x).output, [wave(4, 3)]);
      await expectGradient(
        (x) => {
          const { output, mean, variance } = batchNormTraining(x);
          return output.add(mean.mul(variance).reshape([1, 2, 1]));
        },
        [wave(3, 2, 2)],
      );
    });
  });

  it("computes the statistics once, for the output and for itself", async () => {
    const step = compile((x: Tensor) => {
      const { output, mean, variance } = batchNormTraining(x);
      return { output, mean, variance };
    });
    await step(toTensor(wave(4, 8, 5, 5)));
    // Two reductions: the mean, then the deviations from it.
    expect(explain(step).match(/ over /g)?.length).toBe(2);
  });

  it("names what does not fit", () => {
    expectRefusal(
      () => batchNormTraining(zeros([1, 3])),
      ["batchNormTraining", "[1, 3]", "1 values per channel", "batchNorm with known statistics"],
    );
    expectRefusal(
      () => batchNormTraining(zeros([2, 3]), { bias: zeros([2]) }),
      ["batchNormTraining", "bias has shape [2]", "[3]"],
    );
    expectRefusal(() => batchNormTraining(zeros([3])), ["batchNormTraining", "[3]"]);
  });
});

describe("layerNorm", () => {
  it("normalizes the last axes", async () => {
    const arbitrary = plains(quarters, 1, 3)
      .filter((x) => !x.shape.includes(0))
      .chain((x) =>
        fc.integer({ min: 1, max: x.shape.length }).chain((count) =>
          fc.record({
            x: fc.constant(x),
            weight: plainOf(x.shape.slice(-count)),
            bias: plainOf(x.shape.slice(-count)),
          }),
        ),
      );
    await check(arbitrary, ({ x, weight, bias }) =>
      onEachWay(async () => {
        const trailing = weight.shape;
        const group = (p: number[]): string => p.slice(0, -trailing.length).join();
        const inner = (p: number[]): number =>
          p.slice(-trailing.length).reduce((flat, i, axis) => flat * trailing[axis] + i, 0);
        await expectValues(
          layerNorm(toTensor(x), trailing.length === 1 ? trailing[0] : trailing, {
            weight: toTensor(weight),
            bias: toTensor(bias),
          }),
          normalized(x, group, inner, weight, bias),
          1e-4,
        );
        await expectValues(
          layerNorm(toTensor(x), trailing, { epsilon: 0.5 }),
          normalized(x, group, inner, undefined, undefined, 0.5),
          1e-4,
        );
      }),
    );
  });

  it("has the right gradients", async () => {
    await onEachWay(() =>
      expectGradient(
        (x, weight, bias) => layerNorm(x, [3, 2], { weight, bias, epsilon: 0.1 }),
        [wave(2, 3, 2), wave(3, 2), wave(3, 2)],
      ),
    );
  });

  it("names what does not fit", () => {
    expectRefusal(() => layerNorm(zeros([2, 3]), [2]), ["layerNorm", "[2, 3]", "[2]", "[3]"]);
    expectRefusal(
      () => layerNorm(zeros([2, 3]), 3, { weight: zeros([2]) }),
      ["layerNorm", "weight has shape [2]", "[3]"],
    );
    expectRefusal(() => layerNorm(zeros([3]), [2, 3]), ["layerNorm"]);
  });
});

describe("groupNorm and instanceNorm", () => {
  it("groupNorm normalizes groups of channels", async () => {
    await check(
      fc.tuple(
        given(fc.constantFrom(2, 4, 6), [0, 2], 0).filter(({ x }) => x.data.length > 0),
        fc.constantFrom(1, 2),
      ),
      ([g, groups]) =>
        onEachWay(async () => {
          const perGroup = g.x.shape[1] / groups;
          const expected = normalized(
            g.x,
            (p) => `${p[0]},${Math.floor(p[1] / perGroup)}`,
            (p) => p[1],
            g.weight,
            g.bias,
          );
          await expectValues(groupNorm(toTensor(g.x), groups, tensorsOf(g)), expected, 1e-4);
        }),
    );
    expectRefusal(() => groupNorm(zeros([2, 4]), 3), ["groupNorm", "4 channels", "3 groups"]);
    expectRefusal(
      () => groupNorm(zeros([2, 4]), 2, { weight: zeros([2]) }),
      ["groupNorm", "weight has shape [2]", "[4]"],
    );
  });

  it("instanceNorm normalizes each channel of each example", async () => {
    await check(given(fc.integer({ min: 1, max: 3 }), [1, 2], 0), (g) =>
      onEachWay(() =>
        expectValues(
          instanceNorm(toTensor(g.x), tensorsOf(g)),
          normalized(
            g.x,
            (p) => `${p[0]},${p[1]}`,
            (p) => p[1],
            g.weight,
            g.bias,
          ),
          1e-4,
        ),
      ),
    );
    expectRefusal(() => instanceNorm(zeros([2, 3])), ["instanceNorm", "[2, 3]", "spatial"]);
    expectRefusal(() => instanceNorm(zeros([2, 3, 1])), ["instanceNorm", "more than one spatial element"]);
  });

  it("have the right gradients", async () => {
    await expectGradient(
      (x, weight, bias) => groupNorm(x, 2, { weight, bias, epsilon: 0.1 }),
      [wave(2, 4, 3), wave(4), wave(4)],
    );
    await expectGradient(
      (x, weight, bias) => instanceNorm(x, { weight, bias, epsilon: 0.1 }),
      [wave(2, 2, 2, 2), wave(2), wave(2)],
    );
  });
});
