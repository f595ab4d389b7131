/** Sconce optimizers: how parameters follow their gradients. */
export type { AdamOptions } from "./adam.ts";
export { Adam, adam } from "./adam.ts";
export type { Group, OptimizerOptions, ParameterGroup, ParameterList } from "./groups.ts";
export type { ParameterResult, ParameterUpdate, UpdateRule } from "./optimizer.ts";
export { Optimizer } from "./optimizer.ts";
export type { SGDOptions } from "./sgd.ts";
export { SGD, sgd } from "./sgd.ts";
