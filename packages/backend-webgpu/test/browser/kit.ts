/** The script of a page that runs checks of the conformance kit, and gradient checks, on the browser's WebGPU. */
import { openWebGpu } from "@sconce/backend-webgpu";
import { backendChecks, NotApplicable } from "@sconce/conformance";
import type { Backend } from "@sconce/core";
import { knownLosses } from "../device.ts";
import { gradientComparisons } from "../gradients.ts";

/** What came of a check: nothing where it passed. */
export interface Outcome {
  readonly failure?: string;
  /** Why it says nothing about this backend. */
  readonly skipped?: string;
}

declare global {
  /** Runs a check by name; the test calls it. */
  var runCheck: (name: string, runs: number) => Promise<Outcome>;
}

const checks = [...Object.values(backendChecks).flat(), ...gradientComparisons];

const opened = openWebGpu({ limits: "default" }).then(async (backend) => ({
  backend,
  losses: await knownLosses(backend),
}));

globalThis.runCheck = async (name, runs) => {
  try {
    const { backend, losses } = await opened;
    const check = checks.find((check) => check.name === name);
    if (!check) return { failure: "the page knows no check of that name" };
    const reason = losses[name];
    try {
      await check.run(backend as Backend, { runs });
    } catch (error) {
      if (error instanceof NotApplicable) return { skipped: error.message };
      if (reason !== undefined) return { skipped: reason };
      throw error;
    }
    return reason === undefined ? {} : { failure: `it passes, although ${reason}: remove it from the known losses` };
  } catch (error) {
    return { failure: (error as Error).message };
  }
};
