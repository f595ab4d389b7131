/**
 * What goes wrong on a device, which tells it later: validation and memory errors, found by error scopes, and its loss.
 * They are thrown where a result is waited for: at `finish`, and at the next `read`, which settles them.
 */
import { BackendError } from "@sconce/core";

export class Faults {
  readonly #device: GPUDevice;
  readonly #pending = new Set<Promise<void>>();
  #first: string | undefined;
  #lost: string | undefined;
  #closed = false;
  /** Settles, with what to tell, when the device is gone. */
  readonly lost: Promise<string>;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.lost = device.lost.then(({ message }) => {
      this.#lost = this.#closed
        ? "webgpu: the device is closed; open another backend."
        : `webgpu: the device was lost (${message || "no reason given"}). What it held is gone: open another backend, and load the last checkpoint.`;
      return this.#lost;
    });
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.note(event.error.message);
    });
  }

  get device(): GPUDevice {
    return this.#device;
  }

  /** From now on, the end of the device is no surprise. */
  close(): void {
    this.#closed = true;
  }

  /** Keeps the first message until it is thrown. */
  note(message: string): void {
    this.#first ??= message;
  }

  /** Runs `work`, and notes later what was invalid or did not fit in it; `what` opens the message. Throws once the device is lost. */
  watch<Result>(what: string, work: () => Result): Result {
    if (this.#lost !== undefined) throw new BackendError(this.#lost);
    const device = this.#device;
    device.pushErrorScope("validation");
    device.pushErrorScope("out-of-memory");
    try {
      return work();
    } finally {
      for (const kind of ["not enough memory", "invalid"]) {
        const done = device.popErrorScope().then(
          (error) => {
            if (error) this.note(`${what}: ${kind}: ${error.message}`);
          },
          () => {},
        );
        this.#pending.add(done);
        void done.then(() => this.#pending.delete(done));
      }
    }
  }

  /** Throws what went wrong so far. It is told until something takes it; a lost device stays lost. */
  async check(): Promise<void> {
    await Promise.all(this.#pending);
    const message = this.#lost ?? this.#first;
    if (message !== undefined) throw new BackendError(message);
  }

  /** `check`, after which all is as if nothing had gone wrong. */
  async take(): Promise<void> {
    try {
      await this.check();
    } finally {
      this.#first = undefined;
    }
  }
}
