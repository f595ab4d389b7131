/** Property tests that every Sconce backend, operator and gradient must pass. */
export type { BackendCheck, CheckOptions } from "./check.ts";
export { NotApplicable } from "./check.ts";
export type { DescribeBackendOptions } from "./describe-backend.ts";
export { backendChecks, describeBackend } from "./describe-backend.ts";
export type { ReferenceResult } from "./reference-interpreter.ts";
export { interpretNest } from "./reference-interpreter.ts";
export type { CheckGradientsOptions, DifferentiableFunction } from "./gradients/check-gradients.ts";
export { checkGradients } from "./gradients/check-gradients.ts";
export type { GradientCheck, GradientSample } from "./gradients/gradient-check.ts";
export { gradientChecks } from "./gradients/registry.ts";
export { goldenLosses, trainSmallNetwork } from "./programs/small-network.ts";
export { Random } from "./random.ts";
