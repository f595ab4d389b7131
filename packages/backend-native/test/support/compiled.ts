/** Compiled functions on several backends: what becomes of their programs, and whether results are the same. */
import { type Backend, compile, type OpRequest, type ProgramNode, type Tensor, withBackend } from "@sconce/core";
import { expect } from "vitest";

export interface Watched {
  readonly backend: Backend;
  /** The nodes of its programs, once they are rewritten. */
  readonly nodes: ProgramNode[];
  /** The claims among them. */
  readonly claims: () => readonly OpRequest[];
}

/** The backend, with a record of what it makes of programs. */
export function watched(native: Backend): Watched {
  const nodes: ProgramNode[] = [];
  const backend: Backend = {
    ...native,
    optimize: (draft, claim) => {
      const optimized = native.optimize?.(draft, claim) ?? draft;
      nodes.push(...optimized.nodes);
      return optimized;
    },
  };
  return { backend, nodes, claims: () => nodes.flatMap(({ work }) => (work.kind === "claim" ? [work.request] : [])) };
}

/** The values of a compiled function's results on a backend, which is closed then. */
export async function resultsOn(
  backend: Backend,
  run: (...inputs: Tensor[]) => readonly Tensor[],
  inputs: () => readonly Tensor[],
): Promise<Float32Array[]> {
  try {
    return await withBackend(backend, async () => {
      const results = await compile(run)(...inputs());
      return (await Promise.all(results.map((result) => result.data()))) as Float32Array[];
    });
  } finally {
    await backend.close?.();
  }
}

/** Fails unless each value is the other one, or differs from it by less than `tolerance` times the largest of its result. */
export function expectClose(ours: readonly Float32Array[], theirs: readonly Float32Array[], tolerance: number): void {
  expect(ours.map(({ length }) => length)).toEqual(theirs.map(({ length }) => length));
  theirs.forEach((expected, i) => {
    const largest = expected.reduce(
      (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
      0,
    );
    const at = ours[i].findIndex(
      (value, at) => !Object.is(value + 0, expected[at] + 0) && !(Math.abs(value - expected[at]) < tolerance * largest),
    );
    if (at >= 0) expect(ours[i][at], `result ${i} at ${at}`).toBe(expected[at]);
  });
}
