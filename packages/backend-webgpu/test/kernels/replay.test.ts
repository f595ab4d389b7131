/** What a recorded program asks of the device: once made, only one command buffer per step. */
import { compile, grad, Param, randomNormal, type Tensor, withBackend } from "@sconce/core";
import { afterAll, describe, expect, it } from "vitest";
import { openDevice } from "../../src/device/open-device.ts";
import { openForTests, type TestBackend } from "../device.ts";

/** Counts the calls of a method, how many of them were under way at once, and those that have settled. */
function watch(object: object, method: string): { calls: number; atOnce: number; settled: number } {
  const counts = { calls: 0, atOnce: 0, settled: 0 };
  const original = Reflect.get(object, method) as (...args: unknown[]) => unknown;
  Reflect.set(object, method, (...args: unknown[]): unknown => {
    const result = original.apply(object, args);
    counts.calls++;
    counts.atOnce = Math.max(counts.atOnce, counts.calls - counts.settled);
    if (result instanceof Promise) {
      const settle = (): void => {
        counts.settled++;
      };
      result.then(settle, settle);
    }
    return result;
  });
  return counts;
}

const available = await openForTests();
await available?.close?.();
const gpu = (available ? await openDevice({}) : undefined) as GPUDevice;
const backend = (available ? await openForTests({ device: gpu, claims: false }) : undefined) as TestBackend;
afterAll(() => gpu?.destroy());

describe.skipIf(!available)("a recorded program", () => {
  /** A step of gradient descent whose result is new each time. */
  const training = (): { step: (x: Tensor) => Promise<Tensor>; x: Tensor } => {
    const weight = new Param({ shape: [20, 5], dtype: "float32" }, randomNormal([20, 5]));
    const step = compile((x: Tensor) => {
      const loss = x.matmul(weight.value).logSumExp({ axes: 1 }).mean();
      weight.assign(weight.value.sub(grad(loss, weight).mul(0.1)));
      return loss;
    });
    return { step, x: randomNormal([30, 20]) };
  };

  it("compiles its pipelines side by side, and none while anyone waits", async () => {
    const [side, blocking] = [watch(gpu, "createComputePipelineAsync"), watch(gpu, "createComputePipeline")];
    await withBackend(backend, async () => {
      const { step, x } = training();
      for (let i = 0; i < 3; i++) await step(x);
    });
    expect(side.calls).toBeGreaterThan(2);
    expect(side.atOnce).toBeGreaterThan(2);
    expect(blocking.calls).toBe(0);
  });

  it("makes its bind groups once, and one command buffer per step", async () => {
    await withBackend(backend, async () => {
      const { step, x } = training();
      const losses: Tensor[] = [];
      const several = async (): Promise<void> => {
        for (let i = 0; i < 6; i++) {
          losses.push(await step(x));
          losses.shift()?.dispose();
        }
      };
      const [groups, pipelines] = [watch(gpu, "createBindGroup"), watch(gpu, "createComputePipelineAsync")];
      const submits = watch(gpu.queue, "submit");
      // Which buffers the results get, and so when all of them have been seen, is up to the garbage collector as well.
      let made: readonly number[] = [];
      for (let round = 0; round < 20 && made[0] !== 0; round++) {
        const before = [groups.calls, pipelines.calls, submits.calls];
        await several();
        made = [groups.calls - before[0], pipelines.calls - before[1], submits.calls - before[2]];
      }
      expect(made).toEqual([0, 0, 6]);
    });
  });

  it("has at most two steps in flight", async () => {
    await withBackend(backend, async () => {
      const { step, x } = training();
      await step(x);
      await backend.finish?.();
      const done = watch(gpu.queue, "onSubmittedWorkDone");
      const submits = watch(gpu.queue, "submit");
      let most = 0;
      await Promise.all(
        Array.from({ length: 12 }, async () => {
          await step(x);
          most = Math.max(most, submits.calls - done.settled);
        }),
      );
      expect(submits.calls).toBe(12);
      expect(most).toBe(2);
    });
  });

  it("goes on while results are read, into buffers that are kept", async () => {
    const { read } = backend;
    await withBackend(backend, async () => {
      const { step, x } = training();
      /** The first read ends only when the second has begun, a step later. */
      const two = async (): Promise<void> => {
        let begin = (): void => {};
        const second = new Promise<void>((resolve) => {
          begin = resolve;
        });
        let reads = 0;
        backend.read = async (buffer, byteLength) => {
          const bytes = read(buffer, byteLength);
          if (reads++ === 0) await second;
          else begin();
          return bytes;
        };
        const losses = [(await step(x)).item(), (await step(x)).item()];
        expect(await losses[1]).toBeLessThan(await losses[0]);
        backend.read = read;
      };
      await two();
      await two();
      const [buffers, submits] = [watch(gpu, "createBuffer"), watch(gpu.queue, "submit")];
      await two();
      expect(buffers.calls).toBeLessThanOrEqual(2);
      expect(submits.calls).toBe(4);
    });
  });
});
