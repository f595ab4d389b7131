/** Every differentiable function of core has gradients that are its derivatives, of first and second order. */
import { openCpu } from "@sconce/backend-cpu";
import { checkGradients, gradientChecks, Random } from "@sconce/conformance";
import { describe, expect, it } from "vitest";

const backend = openCpu();

describe("gradients", () => {
  it.each(gradientChecks.map((check) => [check.name, check] as const))("%s", async (name, { samples }) => {
    const random = new Random(name.length);
    for (const { fn, inputs, order } of samples(random)) await checkGradients(fn, [inputs], { backend, order });
    expect(samples(random).length).toBeGreaterThan(0);
  });
});
