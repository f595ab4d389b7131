/** Every op of core and the functions that apply them. */

export type { ConvolutionAttributes } from "./convolution/convolution.ts";
export { convolutionInputGradientOp, convolutionOp, convolutionWeightGradientOp } from "./convolution/convolution.ts";
export type { ConvolutionOptions, TransposedConvolutionOptions } from "./convolution/functions.ts";
export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d } from "./convolution/functions.ts";
export type { WindowAttributes, WindowOptions } from "./convolution/windows.ts";
export { fold, foldOp, windows, windowsOp } from "./convolution/windows.ts";
export { constantValue, full, ones, onesLike, zeros, zerosLike } from "./creation/full.ts";
export { arange, eye, iota, linspace } from "./creation/iota.ts";
export type { RandomOptions } from "./creation/random.ts";
export { randomBernoulli, randomNormal, randomPermutation, randomUniform } from "./creation/random.ts";
export { deriveKey, randomBits } from "./creation/random-bits.ts";
export type { NestedNumbers, TensorOptions } from "./creation/tensor.ts";
export { fromHost, scalar, tensor } from "./creation/tensor.ts";
export {
  add,
  clamp,
  divide,
  floorDivide,
  maximum,
  minimum,
  multiply,
  power,
  remainder,
  subtract,
} from "./elementwise/arithmetic.ts";
export { cast } from "./elementwise/cast.ts";
export {
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  equal,
  greater,
  greaterEqual,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  shiftLeft,
  shiftRight,
} from "./elementwise/comparison.ts";
export {
  abs,
  ceil,
  cos,
  erf,
  exp,
  expm1,
  floor,
  gelu,
  log,
  log1p,
  negate,
  reciprocal,
  relu,
  round,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tan,
  tanh,
} from "./elementwise/unary.ts";
export { where } from "./elementwise/where.ts";
export { embedding, gather, indexSelect, oneHot, scatterAdd } from "./indexing/gather.ts";
export type { SortOptions } from "./indexing/sort.ts";
export { argsort, sort, topK } from "./indexing/sort.ts";
export type { InterpolateOptions } from "./interpolation/interpolate.ts";
export { interpolate } from "./interpolation/interpolate.ts";
export { einsum } from "./linear/einsum.ts";
export type { MatmulAttributes } from "./linear/matmul.ts";
export { matmul, outer } from "./linear/matmul.ts";
export { broadcastTo } from "./movement/broadcast-to.ts";
export { concatenate, split, stack } from "./movement/concatenate.ts";
export type { PadOptions } from "./movement/pad.ts";
export { moveAxis, pad, roll, tile } from "./movement/pad.ts";
export { permute, transpose } from "./movement/permute.ts";
export { flatten, reshape, squeeze, unsqueeze } from "./movement/reshape.ts";
export type { SliceRange } from "./movement/slice.ts";
export { flip, narrow, slice } from "./movement/slice.ts";
export type { BatchNormOptions, BatchNormResult, NormalizationOptions } from "./normalization/functions.ts";
export { batchNorm, batchNormTraining, groupNorm, instanceNorm, layerNorm } from "./normalization/functions.ts";
export type { NormalizationAttributes } from "./normalization/normalization.ts";
export { logSoftmax, softmax } from "./normalization/softmax.ts";
export { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveMaxPool1d, adaptiveMaxPool2d } from "./pooling/adaptive-pool.ts";
export type { AveragePoolAttributes } from "./pooling/average-pool.ts";
export type { AveragePoolOptions, MaxPoolOptions } from "./pooling/functions.ts";
export { avgPool1d, avgPool2d, globalAveragePool, globalMaxPool, maxPool1d, maxPool2d } from "./pooling/functions.ts";
export type { PoolAttributes } from "./pooling/geometry.ts";
export type { ArgOptions } from "./reduction/argmax.ts";
export { argmax, argmin } from "./reduction/argmax.ts";
export type { ReduceOptions } from "./reduction/reduce.ts";
export { max, min, product, sum } from "./reduction/reduce.ts";
export type { NormOptions, VarianceOptions } from "./reduction/statistics.ts";
export { all, any, logSumExp, mean, norm, variance } from "./reduction/statistics.ts";
export type { CumulativeOptions } from "./scan/cumulative-sum.ts";
export { cumulativeSum } from "./scan/cumulative-sum.ts";
