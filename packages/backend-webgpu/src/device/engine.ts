/** What kernels need of an opened device, in one place. */
import { Buffers, type WebGpuBuffer } from "./buffers.ts";
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
  readonly #tails: TailWriter;

  constructor(device: GPUDevice) {
    this.device = device;
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

  async finish(): Promise<void> {
    this.stream.flush();
    await this.device.queue.onSubmittedWorkDone();
    await this.faults.check();
  }
}
