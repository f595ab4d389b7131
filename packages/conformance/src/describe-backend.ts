/**
 * `describeBackend`: the whole kit as vitest tests of one backend.
 *
 * A check that a backend cannot pass is named in `skip` with the reason. It still runs: if it passes after all, the test
 * fails, so that no skip outlives its reason.
 */
import type { Backend } from "@sconce/core";
import { afterAll, beforeAll, describe, it, type TestContext } from "vitest";
import { backendChecks } from "./backend-checks.ts";
import { NotApplicable } from "./check.ts";
import { expectFailure, requireKnown, type Skips } from "./skip.ts";

export interface DescribeBackendOptions {
  /** Heads the tests; "backend" by default. */
  readonly name?: string;
  /** Checks that the backend cannot pass, by name, each with the reason. */
  readonly skip?: Skips;
  /** Random cases per property: 100 by default. */
  readonly runs?: number;
  /** The seed of random cases; without it they differ from run to run, and a failure prints its seed. */
  readonly seed?: number;
}

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
    it("skips only checks that exist", () => requireKnown(skip, Object.values(backendChecks).flat()));
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
