/** A network trains on the example backend as it does on every other. */
import { goldenLosses, trainSmallNetwork } from "@sconce/conformance";
import { openBackend, registerBackend } from "@sconce/core";
import { expect, it } from "vitest";
import { openTiny } from "../src/index.ts";

it("trains the small network to the recorded losses, opened by name", async () => {
  registerBackend("tiny", openTiny);
  const losses = await trainSmallNetwork(await openBackend("tiny"));
  expect(losses).toHaveLength(goldenLosses.length);
  losses.forEach((loss, step) => {
    expect(Math.abs(loss / goldenLosses[step] - 1)).toBeLessThan(1e-4);
  });
});
