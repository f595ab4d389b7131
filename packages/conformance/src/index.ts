/** Property tests that every Sconce backend, operator and gradient must pass. */

export { backendChecks } from "./backend-checks.ts";
export type { BackendCheck, CheckOptions } from "./check.ts";
export { NotApplicable } from "./check.ts";
export type { DescribeBackendOptions } from "./describe-backend.ts";
export { describeBackend } from "./describe-backend.ts";
export { gradientChecks } from "./gradient-checks/index.ts";
export type { CheckGradientsOptions, DifferentiableFunction } from "./gradients/check-gradients.ts";
export { checkGradients } from "./gradients/check-gradients.ts";
export type { GradientCheck, GradientSample } from "./gradients/gradient-check.ts";
export { goldenLosses, trainSmallNetwork } from "./programs/small-network.ts";
export { Random } from "./random.ts";
export type { ReferenceResult } from "./reference-interpreter.ts";
export { interpretNest } from "./reference-interpreter.ts";
export type { OpSample, OpSamples } from "./samples/op-sample.ts";
export { opSampleRegistry } from "./samples/registry.ts";
export type { Skips } from "./skip.ts";
