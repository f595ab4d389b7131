/** Profiles show the time that the device was busy, where it can tell. */
import { compile, profile, randomNormal, type Tensor, withBackend } from "@sconce/core";
import { afterAll, describe, expect, it } from "vitest";
import { openForTests, type TestBackend } from "../device.ts";

const backend = (await openForTests({ claims: false })) as TestBackend;
afterAll(() => backend?.close?.());

describe.skipIf(!backend?.timed)("timestamps", () => {
  it("give the times of a profile", async () => {
    const measured: number[] = [];
    const watched: TestBackend = {
      ...backend,
      timed: async (work) => {
        const milliseconds = (await backend.timed?.(work)) as number;
        measured.push(milliseconds);
        return milliseconds;
      },
    };
    await withBackend(watched, async () => {
      const step = compile((x: Tensor) => x.matmul(x).exp().sum());
      const x = await randomNormal([200, 200]);
      await step(x);
      const { rows, milliseconds } = await profile(() => step(x));
      expect(measured).toHaveLength(rows.length);
      expect(milliseconds).toBeCloseTo(measured.reduce((sum, one) => sum + one, 0));
      expect(milliseconds).toBeGreaterThan(0);
    });
  });

  it("are zero for kernels without work, and tell of faults", async () => {
    expect(await backend.timed?.(() => {})).toBe(0);
    const fail = (): never => {
      throw new Error("no");
    };
    await expect(backend.timed?.(fail)).rejects.toThrow("no");
    const [buffer] = [backend.allocate(4)];
    expect(new Uint8Array(await backend.read(buffer, 4))).toHaveLength(4);
    backend.release(buffer);
  });
});
