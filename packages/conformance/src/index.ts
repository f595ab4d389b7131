/** Property tests that every Sconce backend, operator and gradient must pass. */
export type { BackendCheck, CheckOptions } from "./check.ts";
export { NotApplicable } from "./check.ts";
export type { DescribeBackendOptions } from "./describe-backend.ts";
export { backendChecks, describeBackend } from "./describe-backend.ts";
export type { ReferenceResult } from "./reference-interpreter.ts";
export { interpretNest } from "./reference-interpreter.ts";
