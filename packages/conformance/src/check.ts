/** What a check of a backend is: a name, by which it can be skipped with a reason, and something that throws. */
import type { Backend } from "@sconce/core";

/** One property that a backend must have. */
export interface BackendCheck {
  /** Unique within the kit. */
  readonly name: string;
  /** Throws, or rejects, where the property does not hold. */
  run(backend: Backend, options: CheckOptions): void | Promise<void>;
}

/** How thoroughly to look. */
export interface CheckOptions {
  /** Random cases per property. */
  readonly runs: number;
  /** The seed of random cases; the same seed finds the same cases. */
  readonly seed?: number;
}

/** Thrown by a check that has nothing to look at on this backend: a dtype it lacks, an op it does not claim. */
export class NotApplicable extends Error {}

/** Ends a check that needs a dtype which the backend does not have. */
export function requireDType(backend: Backend, ...wanted: readonly string[]): void {
  const { dtypes } = backend.capabilities;
  const missing = wanted.filter((dtype) => !dtypes.some((own) => own === dtype));
  if (missing.length > 0) throw new NotApplicable(`the backend has no ${missing.join(", ")}`);
}
