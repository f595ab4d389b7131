/** Every differentiable function of core has the gradients that it has on the cpu backend. */
import { NotApplicable } from "@sconce/conformance";
import type { Backend } from "@sconce/core";
import { afterAll, describe, it } from "vitest";
import { openForTests } from "./device.ts";
import { gradientComparisons } from "./gradients.ts";

const backend = await openForTests();
afterAll(() => backend?.close?.());

describe.skipIf(!backend)("on webgpu as on cpu", () => {
  it.for(gradientComparisons)("$name", async ({ run }, context) => {
    try {
      await run(backend as Backend, { runs: 1 });
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error;
      context.skip(error.message);
    }
  });
});
