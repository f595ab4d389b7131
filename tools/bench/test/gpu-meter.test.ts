import { beforeEach, describe, expect, it } from "vitest";
import { GpuMeter } from "../src/peers/gpu-meter.ts";

/** As much of WebGPU as is counted; made anew for each test, since a meter changes it. */
function classes() {
  class GPUAdapter {
    async requestDevice(): Promise<EventTarget> {
      return new EventTarget();
    }
  }
  class GPUBuffer {
    readonly size: number;
    constructor(size: number) {
      this.size = size;
    }
    destroy(): void {}
  }
  class GPUCommandEncoder {
    copyBufferToBuffer(..._args: readonly unknown[]): void {}
  }
  class GPUComputePassEncoder {
    setPipeline(_pipeline: object): void {}
    setBindGroup(_index: number, _group: object): void {}
    dispatchWorkgroups(_x: number): void {}
    dispatchWorkgroupsIndirect(_buffer: object, _offset: number): void {}
  }
  class GPUDevice {
    createBuffer({ size }: { readonly size: number }): GPUBuffer {
      return new GPUBuffer(size);
    }
    createBindGroup(_descriptor: object): object {
      return {};
    }
  }
  class GPUQueue {
    submit(_buffers: readonly object[]): void {}
    writeBuffer(..._args: readonly unknown[]): void {}
  }
  return { GPUAdapter, GPUBuffer, GPUCommandEncoder, GPUComputePassEncoder, GPUDevice, GPUQueue };
}

let gpu: ReturnType<typeof classes>;
let meter: GpuMeter;

beforeEach(() => {
  gpu = classes();
  Object.assign(globalThis, { GPUBuffer: gpu.GPUBuffer });
  meter = new GpuMeter(gpu);
});

describe("GpuMeter", () => {
  it("counts dispatches with their pipelines and the bytes that are bound to each", () => {
    const device = new gpu.GPUDevice();
    const [a, b] = [device.createBuffer({ size: 64 }), device.createBuffer({ size: 1000 })];
    const group = device.createBindGroup({
      entries: [{ resource: { buffer: a } }, { resource: { buffer: b, size: 100 } }, { resource: b }],
    });
    const other = device.createBindGroup({ entries: [{ resource: { buffer: b, offset: 800 } }] });
    meter.start();
    const pass = new gpu.GPUComputePassEncoder();
    const pipelines = [{}, {}];
    for (const pipeline of [pipelines[0], pipelines[1], pipelines[0]]) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(3);
    }
    pass.setBindGroup(1, other);
    pass.dispatchWorkgroupsIndirect(a, 0);
    expect(meter.counts()).toMatchObject({
      dispatches: 4,
      pipelines: 2,
      bytesBound: 4 * 1164 + 200,
      bindGroupsMade: 0,
    });
  });

  it("counts buffers made, and the most that existed at a time", () => {
    const device = new gpu.GPUDevice();
    const kept = device.createBuffer({ size: 100 });
    meter.start();
    device.createBuffer({ size: 50 }).destroy();
    device.createBuffer({ size: 20 }).destroy();
    expect(meter.counts()).toMatchObject({ buffersMade: 2, buffers: 2, bytes: 150 });
    kept.destroy();
    meter.start();
    expect(meter.counts()).toMatchObject({ buffersMade: 0, buffers: 0, bytes: 0 });
  });

  it("counts what is written, copied and submitted", () => {
    const queue = new gpu.GPUQueue();
    const [a, b] = [new gpu.GPUBuffer(40), new gpu.GPUBuffer(40)];
    meter.start();
    queue.writeBuffer(a, 0, new Float32Array(5));
    queue.writeBuffer(a, 0, new Float32Array(5), 1, 2);
    queue.writeBuffer(a, 0, new ArrayBuffer(9), 1);
    new gpu.GPUCommandEncoder().copyBufferToBuffer(a, 0, b, 0, 16);
    new gpu.GPUCommandEncoder().copyBufferToBuffer(a, b);
    queue.submit([{}, {}]);
    expect(meter.counts()).toMatchObject({ bytesCopied: 20 + 8 + 8 + 16 + 40, commandBuffers: 2 });
  });

  it("counts nothing once something has failed", async () => {
    const device = await new gpu.GPUAdapter().requestDevice();
    expect(meter.counts().dispatches).toBe(0);
    device.dispatchEvent(Object.assign(new Event("uncapturederror"), { error: new Error("out of memory") }));
    expect(() => meter.counts()).toThrow("out of memory");
  });
});
