/** Skips with reasons. A skipped check still runs: one that passes after all is an error, so no skip outlives its reason. */
import { type BackendCheck, NotApplicable } from "./check.ts";

/** Checks that a backend cannot pass, by name, each with the reason. */
export interface Skips {
  readonly [check: string]: string;
}

/** Throws where `skips` names something that is no check. */
export function requireKnown(skips: Skips, checks: readonly BackendCheck[]): void {
  const names = new Set(checks.map(({ name }) => name));
  const unknown = Object.keys(skips).filter((name) => !names.has(name));
  if (unknown.length > 0) throw new Error(`skip names no check of the kit: "${unknown.join('", "')}".`);
}

/** Runs a skipped check; throws where it passes. */
export async function expectFailure(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof NotApplicable)) return;
    throw new Error(`"${name}" is skipped, but it does not apply (${error.message}): remove it from skip.`);
  }
  throw new Error(`"${name}" is skipped, but it passes: remove it from skip.`);
}
