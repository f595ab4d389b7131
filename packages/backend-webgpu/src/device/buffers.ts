/**
 * Buffers: whole ones, as WebGPU tracks use by buffer. Their sizes are multiples of 16, so that shaders may read the last
 * elements as vectors. Reads go through buffers that the host can map, which are kept for the next read.
 */
import { BackendError } from "@sconce/core";
import type { CommandStream } from "./command-stream.ts";
import type { Faults } from "./faults.ts";
import { bufferUsage, mapRead } from "./flags.ts";

/** Memory on the device. */
export interface WebGpuBuffer {
  readonly gpu: GPUBuffer;
  /** Bytes asked for. */
  readonly byteLength: number;
  /** Unique, for caches. */
  readonly id: number;
}

/** Kept for reuse up to this size. */
const largestKept = 4 * 2 ** 20;
const mostKept = 4;

export class Buffers {
  readonly #faults: Faults;
  readonly #stream: CommandStream;
  readonly #staging = new Map<number, GPUBuffer[]>();
  #count = 0;

  constructor(faults: Faults, stream: CommandStream) {
    this.#faults = faults;
    this.#stream = stream;
  }

  allocate(byteLength: number): WebGpuBuffer {
    const { device } = this.#faults;
    const size = Math.max(16, Math.ceil(byteLength / 16) * 16);
    const most = device.limits.maxBufferSize;
    if (size > most) {
      throw new BackendError(
        `webgpu: a buffer of ${byteLength} bytes is more than the ${most} that one can have on this device; use smaller batches.`,
      );
    }
    const usage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyDestination;
    const gpu = this.#faults.watch(`webgpu: allocating ${byteLength} bytes`, () =>
      device.createBuffer({ size, usage }),
    );
    return { gpu, byteLength, id: this.#count++ };
  }

  release({ gpu }: WebGpuBuffer): void {
    this.#stream.retire(gpu);
  }

  /** Copies `bytes` to the start, but for a last part of less than four bytes, which is returned unless it may fill the word. */
  write({ gpu, byteLength }: WebGpuBuffer, view: ArrayBufferView): Uint8Array | undefined {
    const bytes = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
    if (bytes.length === 0) return undefined;
    this.#stream.flush();
    const { device } = this.#faults;
    const whole = bytes.length & ~3;
    const isWhole = whole === bytes.length;
    const isLast = bytes.length >= byteLength;
    this.#faults.watch(`webgpu: writing ${bytes.length} bytes`, () => {
      if (whole > 0) device.queue.writeBuffer(gpu, 0, bytes, 0, whole);
      if (isWhole || !isLast) return;
      const last = new Uint8Array(4);
      last.set(bytes.subarray(whole));
      device.queue.writeBuffer(gpu, whole, last);
    });
    return isWhole || isLast ? undefined : bytes.subarray(whole);
  }

  async read({ gpu }: WebGpuBuffer, byteLength: number): Promise<ArrayBuffer> {
    if (byteLength === 0) {
      this.#stream.flush();
      return new ArrayBuffer(0);
    }
    const copied = Math.ceil(byteLength / 4) * 4;
    const staging = this.#takeStaging(copied);
    this.#stream.copy(gpu, staging, copied);
    this.#stream.flush();
    try {
      await staging.mapAsync(mapRead, 0, copied);
    } catch (error) {
      await this.#faults.take();
      throw new BackendError(`webgpu: reading ${byteLength} bytes failed: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const bytes = staging.getMappedRange(0, copied).slice(0, byteLength);
    staging.unmap();
    this.#keepStaging(staging);
    await this.#faults.take();
    return bytes;
  }

  #takeStaging(byteLength: number): GPUBuffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(256, byteLength)));
    const kept = this.#staging.get(size)?.pop();
    if (kept) return kept;
    const usage = bufferUsage.mapRead | bufferUsage.copyDestination;
    return this.#faults.watch(`webgpu: a buffer to read ${byteLength} bytes`, () =>
      this.#faults.device.createBuffer({ size: size > largestKept ? byteLength : size, usage }),
    );
  }

  #keepStaging(buffer: GPUBuffer): void {
    const list = this.#staging.get(buffer.size) ?? [];
    if (buffer.size > largestKept || list.length >= mostKept) buffer.destroy();
    else this.#staging.set(buffer.size, [...list, buffer]);
  }
}
