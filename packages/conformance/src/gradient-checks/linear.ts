/** Gradient checks of matrix products, convolutions, pooling and normalization. */
import * as core from "@sconce/core";
import { at, check, type GradientCheck } from "../gradients/gradient-check.ts";
import { distinct, positive } from "../gradients/samplers.ts";

const same = {
  stride: [1, 1],
  padding: [
    [1, 1],
    [0, 0],
  ],
  dilation: [1, 1],
  groups: 1,
} as const;
const strided = {
  stride: [2, 1],
  padding: [
    [1, 0],
    [0, 2],
  ],
  dilation: [1, 2],
  groups: 2,
} as const;

const matmulChecks: readonly GradientCheck[] = [
  check("matmul", (r) => [
    at((a, b) => core.matmul(a, b), r.floats([2, 3]), r.floats([3, 2])),
    at((a, b) => core.matmul(a, b, { transposeA: true, transposeB: true }), r.floats([3, 2]), r.floats([2, 3])),
    at((a, b) => core.matmul(a, b, { transposeB: true }), r.floats([2, 1, 2, 3]), r.floats([3, 2, 3])),
    at((a, b) => core.matmul(a, b, { transposeA: true }), r.floats([2, 3, 2]), r.floats([3, 2])),
    at((a, b) => core.matmul(a, b), r.floats([3]), r.floats([2, 3, 2])),
    at((a, b) => core.matmul(core.sin(a), b), r.floats([2, 2, 3]), r.floats([3])),
  ]),
  check("outer", (r) => [at(core.outer, r.floats([2]), r.floats([3]))]),
  check("einsum", (r) => [
    at((a, b) => core.einsum("bij,bjk->bik", a, b), r.floats([2, 2, 3]), r.floats([2, 3, 2])),
    at((a, b, c) => core.einsum("i,ij,j", a, b, c), r.floats([2]), r.floats([2, 3]), r.floats([3])),
    at((a) => core.einsum("ii->i", core.square(a)), r.floats([3, 3])),
    at((a, b) => core.einsum("...i,...i->...", a, b), r.floats([2, 1, 3]), r.floats([2, 3])),
  ]),
];

const convolutionChecks: readonly GradientCheck[] = [
  check("conv1d", (r) => [
    at(
      (x, w, bias) => core.conv1d(x, w, { bias, padding: "same" }),
      r.floats([2, 2, 4]),
      r.floats([2, 2, 2]),
      r.floats([2]),
    ),
    at((x, w) => core.conv1d(x, w, { stride: 3, groups: 2 }), r.floats([1, 2, 6]), r.floats([4, 1, 2])),
  ]),
  check("conv2d", (r) => [
    at(
      (x, w) => core.conv2d(x, w, { stride: [2, 1], padding: [1, 0] }),
      r.floats([1, 2, 3, 4]),
      r.floats([2, 2, 3, 2]),
    ),
    at((x, w) => core.conv2d(x, w, { dilation: 2, groups: 2 }), r.floats([1, 2, 3, 4]), r.floats([2, 1, 2, 2])),
  ]),
  check("conv3d", (r) => [
    at((x, w) => core.conv3d(x, w, { stride: 2 }), r.floats([1, 1, 3, 2, 3]), r.floats([2, 1, 2, 1, 2])),
  ]),
  check("convTranspose1d", (r) => [
    at(
      (x, w, bias) => core.convTranspose1d(x, w, { bias, stride: 2, outputPadding: 1 }),
      r.floats([1, 2, 3]),
      r.floats([2, 2, 2]),
      r.floats([2]),
    ),
    at(
      (x, w) => core.convTranspose1d(x, w, { dilation: 2, outputPadding: 1 }),
      r.floats([1, 1, 3]),
      r.floats([1, 2, 2]),
    ),
  ]),
  check("convTranspose2d", (r) => [
    at(
      (x, w) => core.convTranspose2d(x, w, { stride: 2, padding: [1, 0], groups: 2 }),
      r.floats([1, 2, 2, 2]),
      r.floats([2, 1, 3, 2]),
    ),
  ]),
  check("convolutionOp", (r) => [
    at((x, w) => core.apply(core.convolutionOp, [x, w], strided), r.floats([1, 2, 3, 3]), r.floats([2, 1, 2, 2])),
  ]),
  check("convolutionInputGradientOp", (r) => [
    at(
      (g, w) => core.apply(core.convolutionInputGradientOp, [g, w], { ...same, spatial: [3, 3] }),
      r.floats([1, 2, 4, 2]),
      r.floats([2, 1, 2, 2]),
    ),
  ]),
  check("convolutionWeightGradientOp", (r) => [
    at(
      (x, g) => core.apply(core.convolutionWeightGradientOp, [x, g], { ...same, kernel: [2, 2] }),
      r.floats([2, 1, 3, 3]),
      r.floats([2, 2, 4, 2]),
    ),
  ]),
  check("windowsOp", (r) => [
    at((x) => core.apply(core.windowsOp, [x], { kernel: [2], stride: [2], dilation: [1] }), r.floats([2, 5])),
  ]),
  check("foldOp", (r) => [
    at(
      (x) => core.apply(core.foldOp, [x], { kernel: [2], stride: [2], dilation: [1], spatial: [5] }),
      r.floats([2, 2, 2]),
    ),
  ]),
];

const poolingChecks: readonly GradientCheck[] = [
  check("maxPool1d", (r) => [
    at((x) => core.maxPool1d(x, { kernelSize: 3, stride: 2, padding: 1 }), distinct(r, [1, 2, 5])),
  ]),
  check("maxPool2d", (r) => [
    at((x) => core.maxPool2d(x, { kernelSize: 2 }), distinct(r, [1, 1, 4, 4])),
    at(
      (x) => core.maxPool2d(x, { kernelSize: [2, 3], stride: 1, padding: 1, dilation: 1, ceilMode: true }),
      distinct(r, [1, 1, 3, 4]),
    ),
  ]),
  check("avgPool1d", (r) => [
    at((x) => core.avgPool1d(x, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }), r.floats([1, 2, 6])),
  ]),
  check("avgPool2d", (r) => [
    at((x) => core.avgPool2d(x, { kernelSize: [2, 3], stride: 2, padding: 1, ceilMode: true }), r.floats([1, 1, 4, 4])),
  ]),
  check("adaptiveAvgPool1d", (r) => [at((x) => core.adaptiveAvgPool1d(x, 3), r.floats([1, 2, 5]))]),
  check("adaptiveAvgPool2d", (r) => [
    at((x) => core.adaptiveAvgPool2d(x, [2, 3]), r.floats([1, 1, 3, 4])),
    at((x) => core.adaptiveAvgPool2d(x, 2), r.floats([1, 1, 4, 4])),
  ]),
  check("adaptiveMaxPool1d", (r) => [at((x) => core.adaptiveMaxPool1d(x, 3), distinct(r, [1, 2, 5]))]),
  check("adaptiveMaxPool2d", (r) => [at((x) => core.adaptiveMaxPool2d(x, [2, 3]), distinct(r, [1, 1, 3, 4]))]),
  check("globalAveragePool", (r) => [at((x) => core.globalAveragePool(core.square(x)), r.floats([2, 2, 3]))]),
  check("globalMaxPool", (r) => [at((x) => core.globalMaxPool(x), distinct(r, [1, 2, 2, 3]))]),
];

const normalizationChecks: readonly GradientCheck[] = [
  check("softmax", (r) => [at((x) => core.softmax(x, 0), r.floats([3, 2], -2, 2))]),
  check("logSoftmax", (r) => [at((x) => core.logSoftmax(x), r.floats([2, 3], -2, 2))]),
  check("batchNorm", (r) => [
    at(
      (x, weight, bias, mean, variance) => core.batchNorm(x, { weight, bias, mean, variance }),
      r.floats([2, 2, 2]),
      r.floats([2]),
      r.floats([2]),
      r.floats([2]),
      positive(r, [2]),
    ),
  ]),
  check("batchNormTraining", (r) => [
    at(
      (x, weight, bias) => core.batchNormTraining(x, { weight, bias, epsilon: 0.1 }).output,
      r.floats([3, 2, 2]),
      r.floats([2]),
      r.floats([2]),
    ),
    at(
      (x) => {
        const { mean, variance } = core.batchNormTraining(x);
        return core.multiply(mean, variance);
      },
      r.floats([3, 2]),
    ),
  ]),
  check("layerNorm", (r) => [
    at(
      (x, weight, bias) => core.layerNorm(x, [2, 2], { weight, bias, epsilon: 0.1 }),
      r.floats([2, 2, 2]),
      r.floats([2, 2]),
      r.floats([2, 2]),
    ),
  ]),
  check("groupNorm", (r) => [
    at(
      (x, weight, bias) => core.groupNorm(x, 2, { weight, bias, epsilon: 0.1 }),
      r.floats([1, 4, 2]),
      r.floats([4]),
      r.floats([4]),
    ),
  ]),
  check("instanceNorm", (r) => [
    at((x, weight) => core.instanceNorm(x, { weight, epsilon: 0.1 }), r.floats([1, 2, 4]), r.floats([2])),
  ]),
];

export const linearChecks: readonly GradientCheck[] = [
  ...matmulChecks,
  ...convolutionChecks,
  ...poolingChecks,
  ...normalizationChecks,
];
