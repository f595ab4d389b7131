/** Ops together: a graph computed at once, fused, equals its ops computed one at a time, and so do its gradients. */
import "@sconce/backend-cpu/register";
import {
  adaptiveMaxPool1d,
  argmax,
  avgPool1d,
  broadcastTo,
  concatenate,
  conv1d,
  cumulativeSum,
  data,
  einsum,
  evaluateAll,
  exp,
  flip,
  gather,
  grad,
  greater,
  layerNorm,
  matmul,
  max,
  maxPool1d,
  mean,
  negate,
  openBackend,
  pad,
  permute,
  relu,
  reshape,
  roll,
  sigmoid,
  slice,
  softmax,
  stack,
  sum,
  type Tensor,
  tanh,
  tensor,
  tile,
  transpose,
  variance,
  where,
  windows,
} from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { check, onEachWay } from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

/** Makes a tensor from others, or undefined where their shapes do not suit; `n` decides whatever is left open. */
type Build = (x: Tensor, y: Tensor, n: number) => Tensor | undefined;

const axisOf = (x: Tensor, n: number): number => (x.rank === 0 ? 0 : n % x.rank);
const withAxis =
  (build: (x: Tensor, axis: number, n: number) => Tensor): Build =>
  (x, _, n) =>
    x.rank > 0 && x.size > 0 ? build(x, axisOf(x, n), n) : undefined;
const asSignal = (x: Tensor): Tensor => reshape(x, [1, 1, x.size]);
const compatible = (x: Tensor, y: Tensor): boolean =>
  x.rank === y.rank && x.shape.every((extent, axis) => extent === y.shape[axis] || extent === 1 || y.shape[axis] === 1);

const builders: readonly Build[] = [
  (x, y) => (compatible(x, y) ? x.add(y) : x.add(0.5)),
  (x, y) => (compatible(x, y) ? x.mul(y) : x.mul(x)),
  (x, y) => (compatible(x, y) ? where(greater(x, y), x, y) : negate(x)),
  (x, y) => (compatible(x, y) ? x.sub(y) : relu(x)),
  (x) => tanh(x),
  (x) => sigmoid(x),
  (x) => exp(negate(x.mul(x))),
  withAxis((x, axis) => sum(x, { axes: axis })),
  withAxis((x, axis) => max(x, { axes: axis, keepAxes: true })),
  withAxis((x, axis) => mean(x, { axes: axis, keepAxes: true })),
  withAxis((x, axis) => variance(x, { axes: axis })),
  withAxis((x, axis) => softmax(x, axis)),
  withAxis((x, axis, n) => cumulativeSum(x, axis, { reverse: n % 2 === 0, exclusive: n % 3 === 0 })),
  withAxis((x, axis) => flip(x, axis)),
  withAxis((x, axis, n) => roll(x, n, axis)),
  withAxis((x, axis) => gather(x, argmax(x, { axis, keepAxis: true }), axis)),
  withAxis((x, axis, n) =>
    slice(
      x,
      x.shape.map((_, a) => (a === axis ? { step: (n % 3) - 3 } : null)),
    ),
  ),
  withAxis((x, axis, n) =>
    pad(
      x,
      x.shape.map((_, a) => (a === axis ? [n % 3, (n >> 2) % 2] : [0, 0])),
    ),
  ),
  withAxis((x) => layerNorm(x, x.shape[x.rank - 1], { epsilon: 0.1 })),
  withAxis((x, axis) => concatenate([x, negate(x)], axis)),
  (x, _, n) =>
    permute(
      x,
      x.shape.map((__, axis) => (axis + n) % x.rank),
    ),
  (x) => reshape(x, [x.size]),
  (x) => (x.size % 2 === 0 ? reshape(x, [2, x.size / 2]) : undefined),
  (x) => (x.size % 3 === 0 ? reshape(x, [x.size / 3, 1, 3]) : undefined),
  (x) => broadcastTo(x, [2, ...x.shape]),
  (x) => tile(x, [2]),
  (x, y) => (x.shape.join() === y.shape.join() ? stack([x, y], 0) : undefined),
  (x) => (x.rank === 2 ? matmul(x, transpose(x)) : undefined),
  (x) => (x.rank === 2 ? einsum("ij,ik->jk", x, x) : undefined),
  (x) => (x.size >= 3 ? windows(reshape(x, [x.size]), { kernelSize: 2, stride: 2 }) : undefined),
  (x) => (x.size >= 3 ? maxPool1d(asSignal(x), { kernelSize: 3, stride: 2, padding: 1 }) : undefined),
  (x) => (x.size >= 3 ? avgPool1d(asSignal(x), { kernelSize: 2, stride: 1, ceilMode: true }) : undefined),
  (x) => (x.size >= 3 ? adaptiveMaxPool1d(asSignal(x), 2) : undefined),
  (x) =>
    x.size >= 3
      ? conv1d(asSignal(x), reshape(slice(reshape(x, [x.size]), [{ end: 2 }]), [1, 1, 2]), { padding: 1, stride: 2 })
      : undefined,
];

interface Choice {
  readonly build: number;
  readonly first: number;
  readonly second: number;
  readonly n: number;
}

const choices: fc.Arbitrary<Choice[]> = fc.array(
  fc.record({ build: fc.nat(builders.length - 1), first: fc.nat(30), second: fc.nat(30), n: fc.nat(11) }),
  { minLength: 2, maxLength: 14 },
);

const starts = (): Tensor[] => [
  tensor(
    [
      [0.3, -1.2, 0.8],
      [1.7, 0.1, -0.6],
    ],
    { dtype: "float64" },
  ),
  tensor([0.9, -0.4, 1.3], { dtype: "float64" }),
  tensor(
    [
      [[0.2], [-0.7]],
      [[1.1], [0.5]],
    ],
    { dtype: "float64" },
  ),
];

/** Follows the choices; `settle` may replace each new tensor. */
async function follow(
  list: readonly Choice[],
  from: readonly Tensor[],
  settle: (x: Tensor) => Promise<Tensor>,
): Promise<Tensor[]> {
  const made = [...from];
  for (const { build, first, second, n } of list) {
    // The latest tensors are the likeliest operands, so that graphs grow deep.
    const pick = (i: number): Tensor => made[made.length - 1 - (i % Math.min(made.length, 4))];
    const next = builders[build](pick(first), pick(second), n);
    if (next && next.size > 0 && next.size <= 300 && next.rank <= 5) made.push(await settle(next));
  }
  return made.slice(from.length);
}

async function expectSame(actual: Tensor, expected: Tensor): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  const [a, b] = [await data(actual), await data(expected)];
  for (let i = 0; i < a.length; i++) {
    if (!(Math.abs(a[i] - b[i]) <= 1e-9 * Math.max(1, Math.abs(b[i])) || Object.is(a[i], b[i]) || a[i] === b[i]))
      expect.fail(`element ${i} is ${a[i]} at once, ${b[i]} step by step`);
  }
}

describe("a graph of many ops", () => {
  it("has the values of its ops computed one at a time", async () => {
    await check(choices, (list) =>
      onEachWay(async () => {
        const lazy = await follow(list, starts(), async (x) => x);
        const eager = await follow(list, starts(), (x) => x.detach());
        // Some together in one program; then the last first, which fuses everything below it.
        await evaluateAll(...lazy.filter((_, i) => i % 3 === list[0].n % 3));
        for (let i = lazy.length - 1; i >= 0; i--) await expectSame(lazy[i], eager[i]);
      }),
    );
  });

  it("has the same gradients whether or not its values are known already", async () => {
    await check(choices, async (list) => {
      const gradients = async (settle: (x: Tensor) => Promise<Tensor>): Promise<Tensor[]> => {
        const from = starts();
        const made = await follow(list, from, settle);
        return made.length === 0 ? [] : grad(made[made.length - 1].mul(0.5).sum(), from);
      };
      const atOnce = await gradients(async (x) => x);
      const later = await gradients(async (x) => {
        await data(x);
        return x;
      });
      for (const [i, gradient] of atOnce.entries()) await expectSame(gradient, later[i]);
    });
  });
});
