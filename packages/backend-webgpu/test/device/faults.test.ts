/** What goes wrong is said where a result is waited for, with the kernel's name. */
import { afterAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/device/engine.ts";
import { Faults } from "../../src/device/faults.ts";
import { openDevice } from "../../src/device/open-device.ts";
import { openWebGpu } from "../../src/index.ts";
import { WebGpuKernel } from "../../src/kernels/kernel.ts";
import type { KernelPlan } from "../../src/kernels/pass.ts";
import { openForTests, type TestBackend } from "../device.ts";

const backend = (await openForTests()) as TestBackend;
afterAll(() => backend?.close?.());

const planOf = (source: string): KernelPlan => ({
  name: "broken",
  passes: [
    {
      name: "broken",
      inputs: [],
      outputs: [{ kind: "output", index: 0 }],
      groups: [1, 1, 1],
      source: () => source,
    },
  ],
  temporaries: [],
});

const storeOne =
  "@group(0) @binding(0) var<storage, read_write> y: array<u32>;\n" +
  "@compute @workgroup_size(1) fn broken() { y[0] = 1u; }";

describe.skipIf(!backend)("what goes wrong", () => {
  it("in a shader is told when its kernel is compiled", async () => {
    const engine = new Engine(await openDevice({}));
    const kernel = new WebGpuKernel(planOf("fn broken( {"), engine);
    await expect(kernel.compile()).rejects.toThrow(/kernel broken: invalid: .*parsing WGSL/s);
    engine.device.destroy();
  });

  it("in a dispatch is told at finish, until a read takes it", async () => {
    const engine = new Engine(await openDevice({}));
    const kernel = await new WebGpuKernel(planOf(storeOne), engine).compile();
    const [buffer, other] = [engine.buffers.allocate(4), engine.buffers.allocate(4)];
    buffer.gpu.destroy();
    kernel.run([], [buffer]);
    await expect(engine.finish()).rejects.toThrow(/kernels broken: invalid/);
    await expect(engine.buffers.read(other, 4)).rejects.toThrow(/kernels broken: invalid/);
    kernel.run([], [other]);
    expect(new Uint32Array(await engine.buffers.read(other, 4))).toEqual(Uint32Array.of(1));
    engine.device.destroy();
  });

  it("for want of memory is told with what asked for it", async () => {
    const kinds: string[] = [];
    const device = {
      lost: new Promise(() => {}),
      addEventListener: () => {},
      pushErrorScope: (kind: string) => kinds.push(kind),
      popErrorScope: async () => (kinds.pop() === "out-of-memory" ? { message: "no room" } : null),
    } as unknown as GPUDevice;
    const faults = new Faults(device);
    faults.watch("webgpu: kernel greedy", () => {});
    await expect(faults.take()).rejects.toThrow("webgpu: kernel greedy: not enough memory: no room");
    await expect(faults.check()).resolves.toBeUndefined();
  });

  it("with a closed or lost device is told each time", async () => {
    const other = await openWebGpu();
    const buffer = other.allocate(4);
    await other.close?.();
    await expect(other.read(buffer, 4)).rejects.toThrow(/the device is closed; open another backend/);
    await expect(other.finish?.()).rejects.toThrow(/the device is closed/);
  });

  it("with a buffer beyond the device's limits is told at once", () => {
    expect(() => backend.allocate(2 ** 40)).toThrow(/a buffer of 1099511627776 bytes is more than the \d+/);
  });

  it("leaves a given device to its owner", async () => {
    const device = await openDevice({});
    const other = await openWebGpu({ device });
    const { maximumInputs, maximumOutputs, maximumBuffers } = other.capabilities;
    expect(maximumBuffers).toBe(device.limits.maxStorageBuffersPerShaderStage);
    expect(Math.max(maximumInputs, maximumOutputs)).toBeLessThan(device.limits.maxStorageBuffersPerShaderStage);
    await other.close?.();
    device.pushErrorScope("validation");
    device.createBuffer({ size: 16, usage: 8 }).destroy();
    expect(await device.popErrorScope()).toBeNull();
    device.destroy();
  });
});

describe.skipIf(!backend)("writes", () => {
  it.each([1, 2, 3, 5, 7])("of %i bytes leave the bytes behind them", async (length) => {
    const buffer = backend.allocate(12);
    backend.write(buffer, new Uint8Array(12).fill(7));
    backend.write(
      buffer,
      Uint8Array.from({ length }, (_, i) => 200 + i),
    );
    const expected = Array.from({ length: 12 }, (_, i) => (i < length ? 200 + i : 7));
    expect(Array.from(new Uint8Array(await backend.read(buffer, 12)))).toEqual(expected);
    backend.release(buffer);
  });
});
