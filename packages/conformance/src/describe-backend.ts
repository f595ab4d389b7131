/**
 * `describeBackend`: the whole kit as vitest tests of one backend.
 *
 * A check that a backend cannot pass is named in `skip` with the reason. It still runs: if it passes after all, the test
 * fails, so that no skip outlives its reason.
 */
import type { Backend } from "@sconce/core";
import { afterAll, beforeAll, describe, it, type TestContext } from "vitest";
import { memoryChecks } from "./backend/memory-checks.ts";
import { orderingChecks } from "./backend/ordering-checks.ts";
import { castChecks } from "./backend/cast-checks.ts";
import { operatorChecks } from "./backend/operator-checks.ts";
import { zeroChecks } from "./backend/zero-checks.ts";
import { type BackendCheck, NotApplicable } from "./check.ts";
import { nestChecks } from "./nests/nest-checks.ts";
import { claimChecks } from "./programs/claim-checks.ts";
import { graphChecks } from "./programs/graph-checks.ts";
import { replayChecks } from "./programs/replay-checks.ts";
import { stateChecks } from "./programs/state-checks.ts";

export interface DescribeBackendOptions {
  /** Heads the tests; "backend" by default. */
  readonly name?: string;
  /** Checks that the backend cannot pass, by name, each with the reason. */
  readonly skip?: { readonly [check: string]: string };
  /** Random cases per property: 100 by default. */
  readonly runs?: number;
  /** The seed of random cases; without it they differ from run to run, and a failure prints its seed. */
  readonly seed?: number;
}

/** Every check of the kit, by group. */
export const backendChecks: Readonly<Record<string, readonly BackendCheck[]>> = {
  memory: memoryChecks,
  ordering: orderingChecks,
  operators: operatorChecks,
  zeros: zeroChecks,
  casts: castChecks,
  "loop nests": nestChecks,
  claims: claimChecks,
  programs: [...replayChecks, ...graphChecks],
  state: stateChecks,
};

/** Registers the tests of a backend with vitest; `open` is called once, before the first of them. */
export function describeBackend<Buffer>(
  open: () => Backend<Buffer> | Promise<Backend<Buffer>>,
  { name = "backend", skip = {}, runs = 100, seed }: DescribeBackendOptions = {},
): void {
  describe(name, () => {
    let backend: Backend;
    beforeAll(async () => {
      // What a buffer is concerns the backend alone; the kit only hands it back.
      backend = (await open()) as Backend;
    });
    afterAll(() => backend?.close?.());
    for (const [group, checks] of Object.entries(backendChecks)) {
      describe(group, () => {
        for (const check of checks) {
          const run = async (): Promise<void> => check.run(backend, { runs, seed });
          const reason = skip[check.name];
          if (reason === undefined) it(check.name, (context) => whereApplicable(context, run));
          else it(`${check.name} (skipped: ${reason})`, () => expectFailure(check.name, run));
        }
      });
    }
    it("skips only checks that exist", () => {
      const names = new Set(Object.values(backendChecks).flatMap((checks) => checks.map((check) => check.name)));
      const unknown = Object.keys(skip).filter((check) => !names.has(check));
      if (unknown.length > 0) throw new Error(`skip names no check of the kit: "${unknown.join('", "')}".`);
    });
  });
}

async function whereApplicable(context: TestContext, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof NotApplicable)) throw error;
    context.skip(error.message);
  }
}

async function expectFailure(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch {
    return;
  }
  throw new Error(`"${name}" is skipped, but it passes: remove it from skip.`);
}
