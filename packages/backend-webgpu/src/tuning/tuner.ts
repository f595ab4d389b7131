/**
 * Chooses between kernels that compute the same by running each on scratch buffers, one kernel after the other, and
 * remembers the choice for the device and the kernel. Time is the device's own where it has timestamps.
 */
import type { WebGpuBuffer } from "../device/buffers.ts";
import { Clock } from "../device/clock.ts";
import type { Engine } from "../device/engine.ts";
import { WebGpuKernel } from "../kernels/kernel.ts";
import type { KernelPlan } from "../kernels/pass.ts";
import type { TuningMemory } from "./memory.ts";

/** Scratch buffers larger than this in all are not worth it: the default stays. */
const mostBytes = 2 ** 28;
/** Runs of a kernel per measurement, and measurements, of which the shortest counts. */
const runs = 4;
const rounds = 3;

export class Tuner {
  readonly #engine: Engine;
  readonly #memory: Promise<TuningMemory | undefined>;
  readonly #clock: Clock | undefined;
  readonly #chosen = new Map<string, Promise<number>>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine, memory: Promise<TuningMemory | undefined>) {
    this.#engine = engine;
    this.#memory = memory;
    if (engine.device.features.has("timestamp-query")) this.#clock = new Clock(engine.device);
  }

  /** The number of the quickest of `plans`, kernels of `key` over inputs and a last output of so many bytes. */
  choose(key: string, plans: readonly KernelPlan[], bytes: readonly number[]): Promise<number> {
    // Not every browser tells yet.
    const info: Partial<GPUAdapterInfo> = this.#engine.device.adapterInfo ?? {};
    const { vendor, architecture, device, description } = info;
    const whole = JSON.stringify([vendor, architecture, device, description, plans.length, key]);
    let chosen = this.#chosen.get(whole);
    if (!chosen) {
      chosen = this.#find(whole, plans, bytes);
      this.#chosen.set(whole, chosen);
      chosen.catch(() => this.#chosen.delete(whole));
    }
    return chosen;
  }

  async #find(key: string, plans: readonly KernelPlan[], bytes: readonly number[]): Promise<number> {
    const memory = await this.#memory;
    const known = await memory?.get(key);
    if (typeof known === "number" && Number.isInteger(known) && known >= 0 && known < plans.length) return known;
    if (plans.length === 1 || bytes.reduce((sum, count) => sum + count, 0) > mostBytes) return 0;
    const measured = this.#tail.then(() => this.#measure(plans, bytes));
    this.#tail = measured.catch(() => {});
    const choice = await measured;
    if (choice !== undefined) await memory?.set(key, choice);
    return choice ?? 0;
  }

  /** The quickest; undefined where measuring failed, for want of memory perhaps. Throws what went wrong before. */
  async #measure(plans: readonly KernelPlan[], bytes: readonly number[]): Promise<number | undefined> {
    const { faults } = this.#engine;
    await faults.check();
    try {
      const times = await this.#times(plans, bytes);
      return times.indexOf(Math.min(...times));
    } catch {
      await faults.take().catch(() => {});
      return undefined;
    }
  }

  async #times(plans: readonly KernelPlan[], bytes: readonly number[]): Promise<number[]> {
    const engine = this.#engine;
    const buffers = bytes.map((count) => engine.buffers.allocate(count));
    const [inputs, outputs] = [buffers.slice(0, -1), buffers.slice(-1)];
    const times: number[] = [];
    try {
      for (const plan of plans) {
        const kernel = await new WebGpuKernel(plan, engine).compile();
        try {
          times.push(await this.#time(kernel, inputs, outputs));
        } finally {
          kernel.release();
        }
      }
    } finally {
      for (const buffer of buffers) engine.buffers.release(buffer);
    }
    return times;
  }

  async #time(kernel: WebGpuKernel, inputs: WebGpuBuffer[], outputs: WebGpuBuffer[]): Promise<number> {
    const engine = this.#engine;
    const work = (): void => {
      for (let run = 0; run < runs; run++) kernel.run(inputs, outputs);
    };
    kernel.run(inputs, outputs);
    await engine.finish();
    let shortest = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      if (this.#clock) engine.stream.time(this.#clock, work);
      else work();
      await engine.finish();
      const elapsed = performance.now() - started;
      // A clock that stands still says nothing.
      const time = (await this.#clock?.elapsed()) || elapsed;
      shortest = Math.min(shortest, time);
    }
    return shortest;
  }
}
