/** Sconce layers: modules, their parameters and initial values, and the layers themselves. */
export { ReLU } from "./activations.ts";
export type { BatchNorm2dOptions } from "./batch-norm2d.ts";
export { BatchNorm2d } from "./batch-norm2d.ts";
export type { Conv2dOptions } from "./conv2d.ts";
export { Conv2d } from "./conv2d.ts";
export { Dropout } from "./dropout.ts";
export { Flatten } from "./flatten.ts";
export { Identity } from "./identity.ts";
export type { Fans, Initializer, KaimingOptions, XavierOptions } from "./initializers.ts";
export {
  constant,
  fansOf,
  kaimingNormal,
  kaimingUniform,
  normal,
  uniform,
  xavierNormal,
  xavierUniform,
} from "./initializers.ts";
export type { LinearOptions } from "./linear.ts";
export { Linear } from "./linear.ts";
export type { Layer } from "./module.ts";
export { Module } from "./module.ts";
export { AvgPool2d, GlobalAveragePool, MaxPool2d } from "./pooling.ts";
export { Sequential } from "./sequential.ts";
export type { LoadOptions, LoadReport } from "./state-dict.ts";
export { readState, writeState } from "./state-dict.ts";
