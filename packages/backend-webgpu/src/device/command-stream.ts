/** Commands on their way to the device: dispatches gather in one encoder until something needs them done. */
import type { Clock } from "./clock.ts";
import type { Faults } from "./faults.ts";

/** Dispatches after which a stream of single kernels is sent off, so that the device starts. */
const batch = 128;

export class CommandStream {
  readonly #faults: Faults;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #names: string[] = [];
  #retired: GPUBuffer[] = [];
  #clock: Clock | undefined;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  get #open(): GPUCommandEncoder {
    this.#encoder ??= this.#faults.device.createCommandEncoder();
    return this.#encoder;
  }

  dispatch(name: string, pipeline: GPUComputePipeline, group: GPUBindGroup, groups: readonly number[]): void {
    this.#pass ??= this.#open.beginComputePass(this.#clock && { timestampWrites: this.#clock.timestampWrites });
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, group);
    this.#pass.dispatchWorkgroups(groups[0], groups[1], groups[2]);
    this.#names.push(name);
  }

  copy(source: GPUBuffer, destination: GPUBuffer, byteLength: number): void {
    this.#endPass();
    this.#open.copyBufferToBuffer(source, 0, destination, 0, byteLength);
  }

  /** Sends off the kernels of `work` by themselves, timed by `clock`; tells whether there were any. */
  time(clock: Clock, work: () => void): boolean {
    this.flush();
    this.#clock = clock;
    try {
      work();
    } finally {
      this.#clock = undefined;
    }
    const encoder = this.#encoder;
    if (!encoder) return false;
    this.#endPass();
    clock.resolve(encoder);
    this.flush();
    return true;
  }

  /** Sends off what has gathered when it is much. */
  relieve(): void {
    if (this.#names.length >= batch) this.flush();
  }

  /** Sends off what has gathered. */
  flush(): void {
    if (this.#encoder) {
      this.#endPass();
      const encoder = this.#encoder;
      const kernels = [...new Set(this.#names)];
      const shown = kernels.length > 5 ? [...kernels.slice(0, 5), `${kernels.length - 5} more`] : kernels;
      this.#encoder = undefined;
      this.#names = [];
      this.#faults.watch(`webgpu: kernels ${shown.join(", ")}`, () => {
        this.#faults.device.queue.submit([encoder.finish()]);
      });
    }
    for (const buffer of this.#retired.splice(0)) buffer.destroy();
  }

  /** Frees a buffer once nothing that has gathered uses it. */
  retire(buffer: GPUBuffer): void {
    if (this.#encoder) this.#retired.push(buffer);
    else buffer.destroy();
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}
