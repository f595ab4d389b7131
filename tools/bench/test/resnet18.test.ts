import { expect, it } from "vitest";
import { captureResNet18 } from "../src/peers/resnet18.ts";

it("plans a ResNet-18 training step in at most 60 % of the bytes that unplanned buffers would take", async () => {
  const program = await captureResNet18(8);
  const planned = program.slots.reduce((sum, bytes) => sum + bytes, 0);
  expect(program.unplannedBytes).toBeGreaterThan(100e6);
  expect(planned / program.unplannedBytes).toBeLessThanOrEqual(0.6);
});
