/** Every differentiable function of core has the right gradients on this backend; the checks compute in float64. */
import { checkGradients, gradientChecks, Random } from "@sconce/conformance";
import { afterAll, describe, it } from "vitest";
import { openWasm } from "../src/index.ts";

const backend = await openWasm({ threads: 2 });
afterAll(() => backend.close?.());

describe("gradients", () => {
  it.each(gradientChecks.map((check) => [check.name, check] as const))("%s", async (name, { samples }) => {
    for (const { fn, inputs, order } of samples(new Random(name.length))) {
      await checkGradients(fn, [inputs], { backend, order });
    }
  });
});
