/** Windows, fold and convolutions against plain loops. */
import "@sconce/backend-cpu/register";
import {
  ArgumentError,
  type ConvolutionOptions,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  fold,
  openBackend,
  type Tensor,
  type TransposedConvolutionOptions,
  windows,
  zeros,
} from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  at,
  atOr,
  check,
  expectGradient,
  expectRefusal,
  expectValues,
  onEachWay,
  type Plain,
  plain,
  plainOf,
  positions,
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
  readonly dilation: number;
  readonly padding: number;
}

const axisOf: fc.Arbitrary<Axis> = fc
  .record({
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    padding: fc.integer({ min: 0, max: 2 }),
    more: fc.nat(4),
  })
  .map(({ more, ...axis }) => ({
    ...axis,
    extent: Math.max(1, (axis.kernel - 1) * axis.dilation + 1 - 2 * axis.padding) + more,
  }));

const each = <K extends keyof Axis>(axes: readonly Axis[], name: K): number[] => axes.map((axis) => axis[name]);
const countOf = ({ extent, kernel, stride, dilation, padding }: Axis): number =>
  Math.floor((extent + 2 * padding - (kernel - 1) * dilation - 1) / stride) + 1;

describe("windows and fold", () => {
  const given = fc.array(
    axisOf.map((axis) => ({ ...axis, padding: 0, extent: (axis.kernel - 1) * axis.dilation + axis.extent })),
    { minLength: 1, maxLength: 2 },
  );

  it("windows hold what the kernel sees", async () => {
    await check(
      given.chain((axes) => fc.tuple(fc.constant(axes), plainOf([2, ...each(axes, "extent")]))),
      ([axes, x]) =>
        onEachWay(async () => {
          const options = {
            kernelSize: each(axes, "kernel"),
            stride: each(axes, "stride"),
            dilation: each(axes, "dilation"),
          };
          const shape = [2, ...axes.map(countOf), ...each(axes, "kernel")];
          const expected = plain(shape, (p) =>
            at(x, [p[0], ...axes.map((axis, i) => p[1 + i] * axis.stride + p[1 + axes.length + i] * axis.dilation)]),
          );
          await expectValues(windows(toTensor(x), options), expected);
        }),
    );
  });

  it("fold adds every window back: it is the adjoint of windows", async () => {
    await check(given, (axes) =>
      onEachWay(async () => {
        const options = {
          kernelSize: each(axes, "kernel"),
          stride: each(axes, "stride"),
          dilation: each(axes, "dilation"),
        };
        const spatial = each(axes, "extent");
        const patches = plain([...axes.map(countOf), ...each(axes, "kernel")], (p) =>
          p.reduce((sum, i) => sum * 5 + i + 1, 0),
        );
        const sums = new Map<string, number>();
        for (const p of positions(patches.shape)) {
          const target = axes.map((axis, i) => p[i] * axis.stride + p[axes.length + i] * axis.dilation).join();
          sums.set(target, (sums.get(target) ?? 0) + at(patches, p));
        }
        await expectValues(
          fold(toTensor(patches), spatial, options),
          plain(spatial, (p) => sums.get(p.join()) ?? 0),
        );
      }),
    );
    await expectGradient(
      (x) => windows(x, { kernelSize: [2, 2], stride: 2, dilation: [1, 2] }),
      [plain([1, 4, 5], (p) => Math.sin(p[1] * 5 + p[2]))],
    );
  });

  it("say what does not fit", () => {
    expectRefusal(() => windows(zeros([3]), { kernelSize: [2, 2] }), ["windows", "[3]", "unsqueeze"]);
    expectRefusal(() => windows(zeros([3]), { kernelSize: 0 }), ["windows", "kernelSize", "[0]"], ArgumentError);
    expectRefusal(() => fold(zeros([3, 3]), [4], { kernelSize: 2 }), ["fold", "[3, 3]", "[3, 2]", "[4]"]);
  });
});

interface Convolution {
  readonly axes: readonly Axis[];
  readonly groups: number;
  readonly x: Plain;
  readonly weight: Plain;
  readonly bias: Plain;
}

/** x [N, C, ...], weight [O, C / groups, ...]; transposed: x [N, C, ...], weight [C, O / groups, ...]. */
function convolutions(rank: number, transposed = false): fc.Arbitrary<Convolution> {
  return fc
    .record({
      axes: fc.array(axisOf, { minLength: rank, maxLength: rank }),
      groups: fc.constantFrom(1, 1, 2),
      batch: fc.integer({ min: 0, max: 2 }),
      inputs: fc.integer({ min: 1, max: 2 }),
      outputs: fc.integer({ min: 1, max: 2 }),
    })
    .chain(({ axes, groups, batch, inputs, outputs }) => {
      const filters = transposed ? [inputs * groups, outputs] : [outputs * groups, inputs];
      return fc
        .tuple(
          plainOf([batch, inputs * groups, ...each(axes, "extent")]),
          plainOf([...filters, ...each(axes, "kernel")]),
          plainOf([outputs * groups]),
        )
        .map(([x, weight, bias]) => ({ axes, groups, x, weight, bias }));
    });
}

function optionsOf({ axes, groups, bias }: Convolution): ConvolutionOptions & TransposedConvolutionOptions {
  return {
    stride: each(axes, "stride"),
    padding: each(axes, "padding"),
    dilation: each(axes, "dilation"),
    groups,
    bias: toTensor(bias),
  };
}

function convolve({ axes, groups, x, weight, bias }: Convolution): Plain {
  const perGroup = weight.shape[1];
  const outputs = weight.shape[0] / groups;
  return plain([x.shape[0], weight.shape[0], ...axes.map(countOf)], ([n, o, ...place]) => {
    const group = Math.floor(o / outputs);
    return positions([perGroup, ...each(axes, "kernel")]).reduce((sum, [c, ...within]) => {
      const source = axes.map((axis, i) => place[i] * axis.stride + within[i] * axis.dilation - axis.padding);
      return sum + atOr(x, [n, group * perGroup + c, ...source], 0) * at(weight, [o, c, ...within]);
    }, bias.data[o]);
  });
}

function convolveTransposed({ axes, groups, x, weight, bias }: Convolution, outputPadding: readonly number[]): Plain {
  const inputs = weight.shape[0] / groups;
  const outputs = weight.shape[1];
  const spatial = axes.map(
    ({ extent, stride, padding, dilation, kernel }, i) =>
      (extent - 1) * stride - 2 * padding + dilation * (kernel - 1) + outputPadding[i] + 1,
  );
  return plain([x.shape[0], outputs * groups, ...spatial], ([n, o, ...place]) => {
    const group = Math.floor(o / outputs);
    let sum = bias.data[o];
    for (const [c, ...rest] of positions([inputs, ...each(axes, "extent"), ...each(axes, "kernel")])) {
      const [from, within] = [rest.slice(0, axes.length), rest.slice(axes.length)];
      if (axes.every((axis, i) => from[i] * axis.stride + within[i] * axis.dilation - axis.padding === place[i])) {
        sum += at(x, [n, group * inputs + c, ...from]) * at(weight, [group * inputs + c, o % outputs, ...within]);
      }
    }
    return sum;
  });
}

const smooth = (shape: readonly number[]): Plain => ({
  shape,
  data: plain(shape, () => 0).data.map((_, i) => Math.sin(1.7 * i + shape.length)),
});

const ordinary: Record<string, [number, (x: Tensor, weight: Tensor, options?: ConvolutionOptions) => Tensor]> = {
  conv1d: [1, conv1d],
  conv2d: [2, conv2d],
  conv3d: [3, conv3d],
};

describe.each(Object.entries(ordinary))("%s", (name, [rank, conv]) => {
  it("is the sum over windows, with bias, groups, stride, padding and dilation", async () => {
    await check(
      convolutions(rank),
      (given) =>
        onEachWay(() =>
          expectValues(conv(toTensor(given.x), toTensor(given.weight), optionsOf(given)), convolve(given)),
        ),
      rank === 3 ? 15 : 40,
    );
  });

  it("has the right gradients, and gradients of gradients", async () => {
    const geometries =
      rank === 3 ? [{}] : [{}, { stride: 2, padding: 1 }, { dilation: 2, padding: 1 }, { groups: 2, stride: 2 }];
    for (const geometry of geometries) {
      const weight = smooth([4, "groups" in geometry ? 1 : 2, ...Array(rank).fill(2)]);
      const x = smooth([2, 2, ...Array(rank).fill(rank === 3 ? 3 : 5)]);
      await onEachWay(() =>
        expectGradient((a, w, b) => conv(a, w, { ...geometry, bias: b }), [x, weight, smooth([4])]),
      );
    }
  });

  it("names what does not fit", () => {
    const spatial = Array(rank).fill(5);
    const kernel = Array(rank).fill(3);
    expectRefusal(() => conv(zeros(spatial), zeros([1, 1, ...kernel])), [name, `${rank + 2} axes`, "unsqueeze(0)"]);
    expectRefusal(() => conv(zeros([1, 3, ...spatial]), zeros([4, 2, ...kernel])), ["3 channels", "expects 2"]);
    expectRefusal(
      () => conv(zeros([1, 4, ...spatial]), zeros([3, 2, ...kernel]), { groups: 2 }),
      ["3 output channels", "2 groups"],
    );
    expectRefusal(
      () => conv(zeros([1, 1, ...spatial]), zeros([1, 1, ...kernel]), { stride: 0 }),
      [name, "stride"],
      ArgumentError,
    );
    expectRefusal(
      () => conv(zeros([1, 1, ...spatial]), zeros([1, 1, ...spatial.map((n) => n + 1)])),
      ["kernel", ", 6", "padding"],
    );
    expectRefusal(
      () => conv(zeros([1, 1, ...spatial]), zeros([2, 1, ...kernel]), { bias: zeros([1]) }),
      [name, "bias [1]", "[2]"],
    );
  });

  it('keeps the extents with padding "same"', () => {
    for (const size of [1, 2, 3, 5]) {
      const y = conv(zeros([1, 1, ...Array(rank).fill(6)]), zeros([1, 1, ...Array(rank).fill(size)]), {
        padding: "same",
        dilation: size > 3 ? 1 : 2,
      });
      expect(y.shape).toEqual([1, 1, ...Array(rank).fill(6)]);
    }
  });
});

const transposed: Record<
  string,
  [number, (x: Tensor, weight: Tensor, options?: TransposedConvolutionOptions) => Tensor]
> = {
  convTranspose1d: [1, convTranspose1d],
  convTranspose2d: [2, convTranspose2d],
};

describe.each(Object.entries(transposed))("%s", (name, [rank, conv]) => {
  const fitting = convolutions(rank, true).filter(({ axes }) =>
    axes.every(
      ({ extent, stride, padding, dilation, kernel }) =>
        (extent - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 > 0,
    ),
  );

  it("spreads every element over a window", async () => {
    await check(
      fc.tuple(fitting, fc.nat(2)),
      ([given, more]) => {
        const outputPadding = given.axes.map(({ stride, dilation }) => Math.min(more, Math.max(stride, dilation) - 1));
        return onEachWay(() =>
          expectValues(
            conv(toTensor(given.x), toTensor(given.weight), { ...optionsOf(given), outputPadding }),
            convolveTransposed(given, outputPadding),
          ),
        );
      },
      40,
    );
  });

  it("has the right gradients", async () => {
    const weight = smooth([2, 3, ...Array(rank).fill(3)]);
    await onEachWay(() =>
      expectGradient(
        (a, w) => conv(a, w, { stride: 2, padding: 1, outputPadding: 1 }),
        [smooth([1, 2, ...Array(rank).fill(3)]), weight],
      ),
    );
  });

  it("names what does not fit", () => {
    expectRefusal(
      () => conv(zeros([1, 3, ...Array(rank).fill(4)]), zeros([2, 3, ...Array(rank).fill(3)])),
      [name, "3 channels", "expects 2"],
    );
    expectRefusal(() => conv(zeros([4]), zeros([2, 3])), [name, `${rank + 2} axes`]);
    const [x, weight] = [zeros([1, 2, ...Array(rank).fill(1)]), zeros([2, 3, ...Array(rank).fill(2)])];
    expectRefusal(() => conv(x, weight, { padding: 1 }), [name, "[1, 2, 1", "less padding"]);
    expectRefusal(() => conv(x, weight, { bias: zeros([2]) }), [name, "bias [2]", "[3]"]);
  });
});
