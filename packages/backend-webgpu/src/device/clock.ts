/** How long the device was busy: timestamps at the ends of a compute pass, where the device has them. */
import { bufferUsage, mapRead } from "./flags.ts";

/** Two timestamps of eight bytes. */
const count = 2;
const byteLength = 8 * count;

export class Clock {
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  constructor(device: GPUDevice) {
    this.#queries = device.createQuerySet({ type: "timestamp", count });
    const { queryResolve, copySource, copyDestination, mapRead } = bufferUsage;
    this.#resolved = device.createBuffer({ size: byteLength, usage: queryResolve | copySource });
    this.#staging = device.createBuffer({ size: byteLength, usage: mapRead | copyDestination });
  }

  get timestampWrites(): GPUComputePassTimestampWrites {
    return { querySet: this.#queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  }

  /** Adds the commands that bring the timestamps to the host. */
  resolve(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#queries, 0, count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, byteLength);
  }

  /** Milliseconds between the timestamps, once those commands are submitted. */
  async elapsed(): Promise<number> {
    await this.#staging.mapAsync(mapRead);
    const [begin, end] = new BigUint64Array(this.#staging.getMappedRange());
    this.#staging.unmap();
    return Math.max(0, Number(end - begin) / 1e6);
  }
}
