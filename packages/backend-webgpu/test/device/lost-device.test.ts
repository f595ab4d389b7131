/** Training goes on with another device when one is lost, from a checkpoint, as if nothing had happened. */
import {
  type Backend,
  compile,
  grad,
  openBackend,
  registerBackend,
  setSeed,
  type Tensor,
  tensor,
  training,
  withBackend,
} from "@sconce/core";
import { Linear, ReLU, Sequential } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { adam } from "@sconce/optimizers";
import { afterAll, describe, expect, it } from "vitest";
import { openDevice } from "../../src/device/open-device.ts";
import { openWebGpu } from "../../src/index.ts";
import { openForTests } from "../device.ts";

const available = await openForTests();
afterAll(() => available?.close?.());

const [steps, every] = [12, 5];
const batch = 16;

/** The images and labels of a step, from the host. */
function batchOf(step: number): [Tensor, Tensor] {
  const at = (i: number): number => Math.sin(1 + i * 12.9898 + step * 78.233);
  const images = Float32Array.from({ length: batch * 6 }, (_, i) => at(i));
  const labels = Int32Array.from({ length: batch }, (_, i) => (at(6 * i) > 0 ? 1 : 0));
  return [tensor(images, { shape: [batch, 6] }), tensor(labels)];
}

/** The losses of a training with checkpoints, on the devices that `open` gives; `afterStep` may break them. */
async function train(open: () => Promise<Backend>, afterStep: (step: number) => void = () => {}): Promise<number[]> {
  setSeed(7);
  const model = new Sequential(new Linear(6, 8), new ReLU(), new Linear(8, 2));
  const optimizer = adam(model.parameters(), { learningRate: 0.05 });
  const update = compile((images: Tensor, labels: Tensor) =>
    training(() => {
      const loss = crossEntropy(model.forward(images), labels);
      optimizer.update(grad(loss, model.parameters()));
      return loss;
    }),
  );
  const save = async () => ({ model: await model.stateDict(), optimizer: await optimizer.stateDict() });
  const losses: number[] = [];
  let backend = await open();
  let checkpoint = { step: 0, state: await withBackend(backend, save) };
  for (let step = 0; step < steps; ) {
    try {
      await withBackend(backend, async () => {
        losses[step] = await (await update(...batchOf(step))).item();
        step++;
        if (step % every === 0) checkpoint = { step, state: await save() };
      });
      afterStep(step);
    } catch (error) {
      expect(String(error)).toMatch(
        /webgpu: the device was lost \(.*\).*open another backend, and load the last check/,
      );
      backend = await open();
      model.loadStateDict(checkpoint.state.model);
      optimizer.loadStateDict(checkpoint.state.optimizer);
      step = checkpoint.step;
    }
  }
  await backend.close?.();
  return losses;
}

describe.skipIf(!available)("a device that is lost", () => {
  it("is replaced, and training goes on from the checkpoint", async () => {
    const expected = await train(() => openWebGpu({ claims: false }) as Promise<Backend>);
    expect(expected[steps - 1]).toBeLessThan(expected[0]);
    const devices: GPUDevice[] = [];
    const open = async (): Promise<Backend> => {
      devices.push(await openDevice({}));
      return (await openWebGpu({ device: devices.at(-1), claims: false })) as Backend;
    };
    const losses = await train(open, (step) => {
      if (step === 8 && devices.length === 1) devices[0].destroy();
    });
    expect(devices).toHaveLength(2);
    expect(losses).toEqual(expected);
    devices[1].destroy();
  });

  it("is told by `lost`, and by every call after", async () => {
    const device = await openDevice({});
    const backend = await openWebGpu({ device });
    const buffer = backend.allocate(4);
    const nest = { shape: [1], inputs: [], epilogue: [] };
    const kernel = await backend.compile({
      ...nest,
      body: [{ kind: "constant", dtype: "float32", value: 1 }],
      stores: [{ value: 0, dtype: "float32" }],
    });
    device.destroy();
    const message = /the device was lost/;
    await expect(backend.lost).resolves.toMatch(message);
    expect(() => backend.allocate(4)).toThrow(message);
    expect(() => backend.write(buffer, new Float32Array(1))).toThrow(message);
    await expect(backend.read(buffer, 4)).rejects.toThrow(message);
    await expect(backend.finish?.()).rejects.toThrow(message);
    const again = { ...nest, body: [{ kind: "constant", dtype: "int32", value: 1 }] } as const;
    await expect((async () => backend.compile({ ...again, stores: [{ value: 0, dtype: "int32" }] }))()).rejects.toThrow(
      message,
    );
    kernel.run([], [buffer]);
    await expect(backend.finish?.()).rejects.toThrow(message);
    await backend.close?.();
  });

  it("is forgotten by the registry: its name opens another", async () => {
    const devices: GPUDevice[] = [];
    registerBackend("webgpu", async () => {
      devices.push(await openDevice({}));
      return openWebGpu({ device: devices.at(-1) });
    });
    const first = await openBackend("webgpu");
    expect(await openBackend()).toBe(first);
    devices[0].destroy();
    await first.lost;
    await new Promise((resolve) => setTimeout(resolve, 0));
    const second = await openBackend();
    expect(second).not.toBe(first);
    expect(await openBackend("webgpu")).toBe(second);
    devices[1].destroy();
  });
});
