/** Kernels of the addon, and programs of them. */
import type { Kernel, Replay, Step } from "@sconce/core";
import type { Addon, Device, KernelHandle } from "./addon.ts";

/** A buffer of the addon, known to it by a number; -1 once it was released. */
export interface NativeBuffer {
  number: number;
  readonly byteLength: number;
}

/** Where a kernel finds one of its buffers: which of a step's buffers, inputs first, and how many bytes into it. */
export interface Place {
  readonly buffer: number;
  readonly offset: number;
}

/** A kernel that the addon makes when it is first needed: the choice of a layout may replace it before. */
export class NativeKernel implements Kernel<NativeBuffer> {
  readonly name: string;
  /** For each of the kernel's buffers; undefined where a step's buffers are the kernel's own. */
  readonly places: readonly Place[] | undefined;
  readonly #addon: Addon;
  readonly #device: Device;
  readonly #make: () => KernelHandle;
  #handle: KernelHandle | undefined;
  #alone: ReturnType<Addon["program"]> | undefined;

  constructor(addon: Addon, device: Device, name: string, make: () => KernelHandle, places?: readonly Place[]) {
    this.#addon = addon;
    this.#device = device;
    this.name = name;
    this.#make = make;
    this.places = places;
  }

  /** The addon's kernel of that name; `describe` is asked for its description when it is needed. */
  static of(addon: Addon, device: Device, name: string, describe: () => Float64Array): NativeKernel {
    return new NativeKernel(addon, device, name, () => {
      const handle = addon.kernel(device, name, describe());
      if (!handle) throw new Error(`native: the addon has no kernel ${name}.`);
      return handle;
    });
  }

  /** The same kernel, which finds its buffers at other places. */
  at(places: readonly Place[]): NativeKernel {
    return new NativeKernel(this.#addon, this.#device, this.name, () => this.handle, places);
  }

  get handle(): KernelHandle {
    this.#handle ??= this.#make();
    return this.#handle;
  }

  run(inputs: readonly NativeBuffer[], outputs: readonly NativeBuffer[]): void {
    const buffers = [...inputs, ...outputs];
    const places = this.places ?? ownPlaces(buffers.length);
    this.#alone ??= this.#addon.program(this.#device, [this.handle], offsetsOf([places]));
    const numbers = Int32Array.from(places, ({ buffer }) => buffers[buffer].number);
    this.#addon.run(this.#device, this.#alone, numbers);
  }
}

/** The steps as one program: one call into the addon per run. */
export function replay(addon: Addon, device: Device, steps: readonly Step<NativeBuffer>[]): Replay {
  const kernels = steps.map(({ kernel }) => kernel as NativeKernel);
  const places = steps.map(({ inputs, outputs }, i) => kernels[i].places ?? ownPlaces(inputs.length + outputs.length));
  const program = addon.program(
    device,
    kernels.map(({ handle }) => handle),
    offsetsOf(places),
  );
  // The lists stay, and what they hold changes from run to run.
  const found = places.flatMap((list, i) =>
    list.map(({ buffer }) => {
      const { inputs, outputs } = steps[i];
      return buffer < inputs.length ? { list: inputs, at: buffer } : { list: outputs, at: buffer - inputs.length };
    }),
  );
  const [lists, positions] = [found.map(({ list }) => list), Int32Array.from(found, ({ at }) => at)];
  const numbers = new Int32Array(found.length);
  return {
    run: () => {
      for (let i = 0; i < numbers.length; i++) numbers[i] = lists[i][positions[i]].number;
      addon.run(device, program, numbers);
    },
  };
}

/** The places of a kernel whose buffers are the step's. */
function ownPlaces(count: number): readonly Place[] {
  return Array.from({ length: count }, (_, buffer) => ({ buffer, offset: 0 }));
}

function offsetsOf(places: readonly (readonly Place[])[]): Float64Array {
  return Float64Array.from(places.flat(), ({ offset }) => offset);
}
