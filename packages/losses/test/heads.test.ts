/** The margin heads against their papers' formulas, one number at a time in float64, and finite differences of these. */
import "@sconce/backend-cpu/register";
import { compile, grad, type Tensor, tensor, training, zeros } from "@sconce/core";
import {
  AMSoftmax,
  type AngularMarginOptions,
  ArcFace,
  ASoftmax,
  CenterLoss,
  type Head,
  LSoftmax,
  SoftmaxHead,
} from "@sconce/losses";
import { describe, expect, test } from "vitest";

type Matrix = readonly (readonly number[])[];

// Angles from near 0 to near pi, so that every branch of every margin is taken.
const features: Matrix = [
  [1.5, 0.25, -0.5],
  [-2, 0.75, 0.5],
  [0.5, -1.25, 1],
  [-0.25, -0.5, -2],
  [1, 1, 0.125],
];
const weight: Matrix = [
  [1.25, 0.5, -0.25],
  [0.75, -0.5, 0.25],
  [-0.5, 1.5, -0.75],
  [0.5, 0.75, 1.5],
];
const labels = [0, 1, 2, 3, 0];

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
const length = (a: readonly number[]): number => Math.hypot(...a);
const angle = (a: readonly number[], b: readonly number[]): number =>
  Math.acos(Math.max(-1, Math.min(1, dot(a, b) / (length(a) * length(b)))));

/** psi by its definition, with the angle itself. */
function psi(theta: number, m: number): number {
  const k = Math.min(m - 1, Math.floor((theta * m) / Math.PI));
  return (-1) ** k * Math.cos(m * theta) - 2 * k;
}

type Logit = (x: readonly number[], w: readonly number[], isLabel: boolean) => number;

const angular =
  (m: number, lambda: number, sizeOf: (w: readonly number[]) => number): Logit =>
  (x, w, isLabel) => {
    const theta = angle(x, w);
    const value = isLabel ? (lambda * Math.cos(theta) + psi(theta, m)) / (1 + lambda) : Math.cos(theta);
    return length(x) * sizeOf(w) * value;
  };

function loss(x: Matrix, w: Matrix, logit: Logit): number {
  const each = x.map((row, n) => {
    const logits = w.map((column, j) => logit(row, column, j === labels[n]));
    return Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0)) - logits[labels[n]];
  });
  return each.reduce((a, b) => a + b) / each.length;
}

/** Central differences of `f` by each element of `at`. */
function differences(at: Matrix, f: (changed: Matrix) => number): number[] {
  const step = 1e-6;
  return at.flatMap((row, i) =>
    row.map((_, j) => {
      const moved = (by: number): Matrix => at.map((r, a) => r.map((v, b) => (a === i && b === j ? v + by : v)));
      return (f(moved(step)) - f(moved(-step))) / (2 * step);
    }),
  );
}

const close = (found: ArrayLike<number>, expected: readonly number[], digits: number): void => {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, digits);
  });
};

const annealed = (margin: number, minimum: number): AngularMarginOptions => ({
  margin,
  annealing: { base: 0, minimum },
});
const arc: (m: number, s: number) => Logit = (m, s) => (x, w, isLabel) => {
  const theta = angle(x, w);
  if (!isLabel) return s * Math.cos(theta);
  return s * (theta + m < Math.PI ? Math.cos(theta + m) : Math.cos(theta) - m * Math.sin(m));
};

const cases: readonly (readonly [string, () => Head, Logit, Logit])[] = [
  ["SoftmaxHead", () => new SoftmaxHead(3, 4), dot, dot],
  ...[1, 2, 3, 4].flatMap((m) =>
    [0, 5].flatMap((lambda): [string, () => Head, Logit, Logit][] => [
      [
        `LSoftmax, m ${m}, lambda ${lambda}`,
        () => new LSoftmax(3, 4, annealed(m, lambda)),
        angular(m, lambda, length),
        dot,
      ],
      [
        `ASoftmax, m ${m}, lambda ${lambda}`,
        () => new ASoftmax(3, 4, annealed(m, lambda)),
        angular(m, lambda, () => 1),
        (x, w) => dot(x, w) / length(w),
      ],
    ]),
  ),
  [
    "AMSoftmax",
    () => new AMSoftmax(3, 4, { scale: 8 }),
    (x, w, isLabel) => 8 * (Math.cos(angle(x, w)) - (isLabel ? 0.35 : 0)),
    (x, w) => 8 * Math.cos(angle(x, w)),
  ],
  ["ArcFace", () => new ArcFace(3, 4, { scale: 8 }), arc(0.5, 8), (x, w) => 8 * Math.cos(angle(x, w))],
  [
    "ArcFace, m 1.2",
    () => new ArcFace(3, 4, { scale: 4, margin: 1.2 }),
    arc(1.2, 4),
    (x, w) => 4 * Math.cos(angle(x, w)),
  ],
];

const targets = (): Tensor => tensor(labels, { dtype: "int32" });

describe.each(cases)("%s", (_, make, logit, plain) => {
  test("follows its formula, and so do the gradients", async () => {
    const head = make();
    head.loadStateDict({ weight: tensor(weight) }, { strict: false });
    const x = tensor(features, { dtype: "float64" });
    const found = head.forward(x, targets());
    expect(await found.item()).toBeCloseTo(loss(features, weight, logit), 6);
    const [byFeatures, byWeight] = grad(found, [x, head.weight.value]);
    close(
      await byFeatures.data(),
      differences(features, (changed) => loss(changed, weight, logit)),
      5,
    );
    close(
      await byWeight.data(),
      differences(weight, (changed) => loss(features, changed, logit)),
      5,
    );
    close(
      await head.logits(x).data(),
      features.flatMap((row) => weight.map((w) => plain(row, w, false))),
      6,
    );
  });
});

test("lambda falls with each training step, inside compile too, and stays in inference", async () => {
  const head = new ASoftmax(3, 4, { annealing: { base: 10, gamma: 0.5, power: 2, minimum: 1 } });
  const step = compile((x: Tensor, y: Tensor) => head.forward(x, y));
  for (const expected of [10, 10 / 1.5 ** 2, 10 / 4, 10 / 6.25, 10 / 9, 1]) {
    expect(await head.lambda.item()).toBeCloseTo(expected, 5);
    await training(() => step(tensor(features), targets()));
  }
  await step(tensor(features), targets());
  expect(await head.iterations.value.item()).toBe(6);
  expect(Object.keys(await head.stateDict())).toEqual(["weight", "iterations"]);
});

test("features of length 0 and angles of 0 have finite gradients", async () => {
  for (const head of [new LSoftmax(2, 2), new ASoftmax(2, 2), new AMSoftmax(2, 2), new ArcFace(2, 2)]) {
    head.loadStateDict(
      {
        weight: tensor([
          [1, 0],
          [0, 2],
        ]),
      },
      { strict: false },
    );
    const x = tensor([
      [0, 0],
      [3, 0],
      [0, -1],
    ]);
    const gradient = grad(head.forward(x, tensor([0, 0, 1], { dtype: "int32" })), x);
    expect([...(await gradient.data())].every(Number.isFinite)).toBe(true);
  }
});

test("center loss pulls to the centers, which follow the classes in training mode", async () => {
  const center = new CenterLoss(2, 3, { lambda: 0.5, alpha: 0.25, reduction: "sum" });
  const before = [
    [1, 0],
    [0, 1],
    [-1, -1],
  ];
  center.loadStateDict({ centers: tensor(before) });
  const x = tensor([
    [3, 2],
    [0, 0],
    [1, 4],
  ]);
  const y = tensor([0, 1, 0], { dtype: "int32" });
  const found = center.forward(x, y);
  expect(await found.item()).toBeCloseTo((0.5 / 2) * (8 + 1 + 16), 5);
  close(await grad(found, x).data(), [1, 1, 0, -0.5, 0, 2], 5);
  expect((await center.stateDict()).centers.data).toEqual(new Float32Array(before.flat()));
  const step = compile((a: Tensor, b: Tensor) => center.forward(a, b));
  await training(() => step(x, y));
  // Class 0: the differences c - x are [-2, -2] and [0, -4], over 1 + 2 examples; class 2 has none.
  close((await center.stateDict()).centers.data, [1 + 0.25 * (2 / 3), 0.25 * 2, 0, 1 - 0.25 * 0.5, -1, -1], 5);
  expect(center.parameters()).toEqual([]);
});

test("errors show the shapes and the fix", () => {
  const head = new ArcFace(3, 4);
  expect(() => head.forward(zeros([2, 5]), zeros([2], "int32"))).toThrow(
    /features have shape \[2, 5\]; they must be \[N, 3\]/,
  );
  expect(() => head.forward(zeros([2, 3]), zeros([2]))).toThrow(/labels are float32 \[2\].*integers \[2\]/);
  expect(() => head.logits(zeros([3]))).toThrow(/flatten/);
  expect(() => new LSoftmax(3, 4, { margin: 1.5 })).toThrow(/LSoftmax: margin is 1.5/);
  expect(() => new ArcFace(3, 4, { margin: 4 })).toThrow(/radians/);
  expect(() => new AMSoftmax(0, 4)).toThrow(/AMSoftmax: features is 0/);
  expect(() => new CenterLoss(3, 4).forward(zeros([2, 3]), zeros([3], "int32"))).toThrow(/\[N, 3\] and \[N\]/);
});
