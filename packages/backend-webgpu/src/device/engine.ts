/** What kernels need of an opened device, in one place. */
import { Buffers, type WebGpuBuffer } from "./buffers.ts";
import { Clock } from "./clock.ts";
import { CommandStream } from "./command-stream.ts";
import { Faults } from "./faults.ts";
import { Pipelines } from "./pipelines.ts";
import { TailWriter } from "./tail-writer.ts";

export class Engine {
  readonly device: GPUDevice;
  readonly faults: Faults;
  readonly stream: CommandStream;
  readonly buffers: Buffers;
  readonly pipelines: Pipelines;
  /** The most bytes of a buffer that a kernel binds at once. */
  readonly bindingBytes: number;
  readonly #tails: TailWriter;
  #clock: Clock | undefined;

  constructor(device: GPUDevice, maximumBindingSize: number = device.limits.maxStorageBufferBindingSize) {
    this.device = device;
    this.bindingBytes = Math.floor(Math.min(maximumBindingSize, device.limits.maxStorageBufferBindingSize) / 256) * 256;
    this.faults = new Faults(device);
    this.stream = new CommandStream(this.faults);
    this.buffers = new Buffers(this.faults, this.stream);
    this.pipelines = new Pipelines(this.faults);
    this.#tails = new TailWriter(this);
  }

  write(buffer: WebGpuBuffer, bytes: ArrayBufferView): void {
    const rest = this.buffers.write(buffer, bytes);
    if (rest) this.#tails.write(buffer, bytes.byteLength - rest.length, rest);
  }

  /** Runs `work`, and tells the milliseconds that its kernels kept the device busy. */
  async timed(work: () => void): Promise<number> {
    this.#clock ??= new Clock(this.device);
    const clock = this.#clock;
    const some = this.stream.time(clock, work);
    await this.faults.check();
    return some ? clock.elapsed() : 0;
  }

  async finish(): Promise<void> {
    this.stream.flush();
    await this.device.queue.onSubmittedWorkDone();
    await this.faults.check();
  }
}
