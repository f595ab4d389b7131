import "@sconce/backend-cpu/register";
import { type DType, grad, type NestedNumbers, type Tensor, tensor, zeros } from "@sconce/core";
import { type CrossEntropyOptions, crossEntropy } from "@sconce/losses";
import { describe, expect, test } from "vitest";

/** The definition, element by element in float64; logits [n][c]. */
function reference(
  logits: readonly (readonly number[])[],
  targets: readonly (number | readonly number[])[],
  {
    weights,
    smoothing = 0,
    ignoreIndex = -100,
  }: { weights?: readonly number[]; smoothing?: number; ignoreIndex?: number } = {},
): { losses: number[]; mean: number; gradients: number[][] } {
  const classes = logits[0].length;
  const w = weights ?? Array.from({ length: classes }, () => 1);
  const rows = logits.map((row, n) => {
    const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    const logP = row.map((x) => x - total);
    const target = targets[n];
    const q = typeof target === "number" ? row.map((_, c) => Number(c === target)) : target;
    const ignored = target === ignoreIndex;
    const factor = row.map((_, c) => (ignored ? 0 : w[c] * ((1 - smoothing) * q[c] + smoothing / classes)));
    const loss = -factor.reduce((sum, f, c) => sum + f * logP[c], 0);
    const mass = factor.reduce((sum, f) => sum + f, 0);
    const gradient = factor.map((f, c) => Math.exp(logP[c]) * mass - f);
    const share = ignored ? 0 : typeof target === "number" ? w[target] : 1;
    return { loss, gradient, share };
  });
  const share = rows.reduce((sum, row) => sum + row.share, 0);
  return {
    losses: rows.map(({ loss }) => loss),
    mean: rows.reduce((sum, { loss }) => sum + loss, 0) / share,
    gradients: rows.map(({ gradient }) => gradient.map((g) => g / share)),
  };
}

const logits = [
  [1, -2, 0.5],
  [0, 3, -1],
  [0.25, 0.5, -0.75],
  [2, 2, -2],
];
const labels = [2, 0, -100, 1];
const probabilities = [
  [0.2, 0.3, 0.5],
  [1, 0, 0],
  [0.25, 0.25, 0.5],
  [0.1, 0.8, 0.1],
];
const weights = [0.5, 2, 1];

const float64 = (data: NestedNumbers): Tensor => tensor(data, { dtype: "float64" });
const integers = (data: NestedNumbers, dtype: DType = "int32"): Tensor => tensor(data, { dtype });
const close = (found: ArrayLike<number>, expected: readonly number[]): void => {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 10);
  });
};

describe.each([
  ["plain", {}],
  ["weights", { weights }],
  ["smoothing", { smoothing: 0.2 }],
  ["weights and smoothing", { weights, smoothing: 0.2 }],
])("with %s", (_, { weights: w, smoothing }: { weights?: number[]; smoothing?: number }) => {
  const options: CrossEntropyOptions = { weights: w && float64(w), labelSmoothing: smoothing };

  test.each([
    ["labels", labels, integers(labels)],
    ["probabilities", probabilities, float64(probabilities)],
  ] as const)("follows the definition for %s", async (_kind, targets, target) => {
    const expected = reference(logits, targets, { weights: w, smoothing });
    const x = float64(logits);
    close(await crossEntropy(x, target, { ...options, reduction: "none" }).data(), expected.losses);
    close(await crossEntropy(x, target, { ...options, reduction: "sum" }).data(), [
      expected.losses.reduce((a, b) => a + b, 0),
    ]);
    const mean = crossEntropy(x, target, options);
    close(await mean.data(), [expected.mean]);
    close(await grad(mean, x).data(), expected.gradients.flat());
  });
});

test("gives what PyTorch gives", async () => {
  // torch.nn.functional.cross_entropy(logits, target, weight=weights, label_smoothing=0.2) and without smoothing, float64.
  const x = float64(logits);
  const weighted = { weights: float64(weights) };
  const both = { ...weighted, labelSmoothing: 0.2 };
  close(await crossEntropy(x, integers(labels), weighted).data(), [1.1263044277426253]);
  close(await crossEntropy(x, integers(labels), both).data(), [1.2906550554585923]);
  close(await crossEntropy(x, float64(probabilities), weighted).data(), [1.8224017544442257]);
  close(await crossEntropy(x, float64(probabilities), both).data(), [1.864056039098724]);
});

test("has its classes on axis 1, whatever follows", async () => {
  const rows = [
    [1, -2, 0.5],
    [0, 3, -1],
    [0.25, 0.5, -0.75],
    [2, 2, -2],
  ];
  const image = float64(rows).reshape([2, 2, 3]).permute([0, 2, 1]);
  const expected = reference(rows, [2, 0, 1, 1]);
  close(
    await crossEntropy(
      image,
      integers([
        [2, 0],
        [1, 1],
      ]),
    ).data(),
    [expected.mean],
  );
  const each = crossEntropy(
    image,
    integers([
      [2, 0],
      [1, 1],
    ]),
    { reduction: "none" },
  );
  expect(each.shape).toEqual([2, 2]);
  close(await each.data(), expected.losses);
});

test("ignores the label it is told to, and stays finite for extreme logits", async () => {
  const x = float64([
    [1000, -1000],
    [3, 4],
  ]);
  const loss = crossEntropy(x, integers([0, 255], "uint8"), { ignoreIndex: 255 });
  close(await loss.data(), [0]);
  close(await grad(loss, x).data(), [0, 0, 0, 0]);
  close(await crossEntropy(float64([[-1000, 1000]]), integers([0])).data(), [2000]);
});

test("a label out of range gives NaN instead of a wrong number", async () => {
  expect(await crossEntropy(float64([[1, 2]]), integers([2])).item()).toBeNaN();
});

test("errors show the shapes and the fix", () => {
  const x = zeros([4, 3]);
  expect(() => crossEntropy(x, zeros([4, 2], "int32"))).toThrow(
    /labels are int32 \[4, 2\] for logits \[4, 3\]; they must be \[4\]/,
  );
  expect(() => crossEntropy(x, zeros([4, 3], "int32"))).toThrow(/one-hot.*target\.cast\("float32"\)/);
  expect(() => crossEntropy(x, zeros([4]))).toThrow(
    /target is float32 \[4\] for logits \[4, 3\].*labels\.cast\("int32"\)/,
  );
  expect(() => crossEntropy(zeros([3]), zeros([], "int32"))).toThrow(
    /\[3\]; they must be \[N, C\] or \[N, C, \.\.\.\]/,
  );
  expect(() => crossEntropy(x, zeros([4], "int32"), { weights: zeros([4]) })).toThrow(
    /weights have shape \[4\]; they must be one per class: \[3\]/,
  );
  expect(() => crossEntropy(x, zeros([4], "int32"), { labelSmoothing: 2 })).toThrow(/labelSmoothing is 2/);
  expect(() => crossEntropy(x, zeros([4], "int32"), { reduction: "average" as never })).toThrow(
    /reduction is average; give "mean", "sum" or "none"/,
  );
  expect(() => crossEntropy(x, zeros([4, 3]), { ignoreIndex: 1 })).toThrow(
    /ignoreIndex has no meaning for probabilities/,
  );
});
