import type { Program } from "@sconce/core";
import { expect, it } from "vitest";
import { captureResNet18 } from "../src/peers/resnet18.ts";

it("plans a ResNet-18 training step in little more than is alive at a time, and far less than unplanned buffers take", async () => {
  const program = await captureResNet18(8);
  const planned = program.slots.reduce((sum, bytes) => sum + bytes, 0);
  expect(program.unplannedBytes).toBeGreaterThan(100e6);
  expect(planned / program.unplannedBytes).toBeLessThanOrEqual(0.64);
  expect(planned / mostAlive(program)).toBeLessThanOrEqual(1.1);
});

/** The most bytes that must exist at a time: values between their first and last use. */
function mostAlive({ values, nodes }: Program): number {
  const isSlot = (value: number): boolean => values[value].home.kind === "slot";
  const lastRead = new Map<number, number>();
  nodes.forEach(({ inputs }, step) => {
    for (const input of inputs) lastRead.set(input, step);
  });
  let [alive, most] = [0, 0];
  nodes.forEach(({ outputs }, step) => {
    for (const output of outputs.filter(isSlot)) alive += values[output].byteLength;
    most = Math.max(most, alive);
    for (const [value, last] of lastRead) if (last === step && isSlot(value)) alive -= values[value].byteLength;
  });
  return most;
}
