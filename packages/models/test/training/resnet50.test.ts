/** A training step of ResNet-50 is PyTorch's: the loss, every gradient, and the losses of ten steps; see tools/parity/training.py. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import { openWasm } from "@sconce/backend-wasm";
import type { Backend } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { compareTraining, readGolden } from "./resnet50-step.ts";

// The portable backend takes seconds for a step.
const backends: readonly (readonly [name: string, steps: number, open: () => Promise<Backend>])[] = [
  ["native", 10, async () => (await openNative()) as Backend],
  ["wasm", 10, async () => (await openWasm()) as Backend],
  ["cpu", 1, async () => openCpu() as Backend],
];

test.each(backends.filter(([name]) => name !== "native" || testsNative))(
  "ResNet-50 trains on %s as in PyTorch",
  async (_, steps, open) => {
    const backend = await open();
    try {
      const { losses, gradients } = await compareTraining(backend, readGolden("resnet50-small"), steps);
      expect(losses[0], "first loss").toBeLessThan(1e-5);
      expect(Math.max(...losses), `losses ${losses}`).toBeLessThan(1e-3);
      expect(gradients.size).toBe(161);
      for (const [name, distance] of gradients) expect(distance, name).toBeLessThan(1e-3);
    } finally {
      await backend.close?.();
    }
  },
  120_000,
);
