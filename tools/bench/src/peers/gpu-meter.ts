/**
 * Counts what a library asks of WebGPU, by wrapping the methods of its classes.
 *
 * Bytes bound are the sizes of the buffers bound to a dispatch, added up over the dispatches: what its shader moves if it
 * reads or writes each of them once.
 */

/** What was asked for while it was counted. */
export interface GpuCounts {
  readonly dispatches: number;
  /** Different pipelines among the dispatches. */
  readonly pipelines: number;
  /** Command buffers submitted. */
  readonly commandBuffers: number;
  readonly bindGroupsMade: number;
  readonly bytesBound: number;
  /** Bytes that the host wrote into buffers, and those copied from buffer to buffer. */
  readonly bytesCopied: number;
  readonly buffersMade: number;
  /** The most buffers that existed at a time, and the most bytes of them. */
  readonly buffers: number;
  readonly bytes: number;
}

/** What is bound in a compute pass. */
interface Pass {
  pipeline?: object;
  /** Bytes by the number of the group. */
  readonly groups: Map<number, number>;
}

type Method = (this: object, ...args: unknown[]) => unknown;

/** What is told of a call once it has returned. */
interface Call {
  readonly self: object;
  readonly args: readonly unknown[];
  readonly result: object;
}

export class GpuMeter {
  readonly #live = new Map<object, number>();
  readonly #groups = new WeakMap<object, number>();
  readonly #passes = new WeakMap<object, Pass>();
  #liveBytes = 0;
  #pipelines = new Set<object>();
  #error: string | undefined;
  #counts = this.#zero();

  /** Watches from now on; `classes` are WebGPU's by name. */
  constructor(classes: Readonly<Record<string, unknown>>) {
    const after = (name: string, method: string, note: (call: Call) => void): void => {
      const { prototype } = classes[name] as { readonly prototype: Record<string, Method> };
      const original = prototype[method];
      prototype[method] = function (...args) {
        const result = original.apply(this, args) as object;
        note({ self: this, args, result });
        return result;
      };
    };
    after("GPUAdapter", "requestDevice", ({ result }) => {
      void (result as Promise<GPUDevice>).then((device) =>
        device.addEventListener("uncapturederror", ({ error }) => {
          this.#error ??= error.message;
        }),
      );
    });
    after("GPUDevice", "createBuffer", ({ result }) => this.#made(result as GPUBuffer));
    after("GPUBuffer", "destroy", ({ self }) => this.#destroyed(self));
    after("GPUDevice", "createBindGroup", ({ args, result }) => {
      this.#counts.bindGroupsMade++;
      this.#groups.set(result, bytesOf(args[0] as GPUBindGroupDescriptor));
    });
    after("GPUQueue", "submit", ({ args }) => {
      this.#counts.commandBuffers += (args[0] as readonly unknown[]).length;
    });
    after("GPUQueue", "writeBuffer", ({ args }) => {
      const [, , data, offset = 0, size] = args as Parameters<GPUQueue["writeBuffer"]>;
      const width = "BYTES_PER_ELEMENT" in data ? (data as Uint8Array).BYTES_PER_ELEMENT : 1;
      this.#counts.bytesCopied += size === undefined ? data.byteLength - offset * width : size * width;
    });
    after("GPUCommandEncoder", "copyBufferToBuffer", ({ args }) => {
      // The offsets may be left out: (source, target, size).
      const size = args.length > 3 ? args[4] : args[2];
      this.#counts.bytesCopied += typeof size === "number" ? size : (args[0] as GPUBuffer).size;
    });
    after("GPUComputePassEncoder", "setPipeline", ({ self, args }) => {
      this.#pass(self).pipeline = args[0] as object;
    });
    after("GPUComputePassEncoder", "setBindGroup", ({ self, args }) => {
      this.#pass(self).groups.set(args[0] as number, this.#groups.get(args[1] as object) ?? 0);
    });
    for (const method of ["dispatchWorkgroups", "dispatchWorkgroupsIndirect"]) {
      after("GPUComputePassEncoder", method, ({ self }) => this.#dispatched(this.#pass(self)));
    }
  }

  /** Counts from zero. */
  start(): void {
    this.#pipelines = new Set();
    this.#counts = this.#zero();
  }

  /** What was counted since `start`; throws where something was asked for that failed. */
  counts(): GpuCounts {
    if (this.#error !== undefined) throw new Error(`WebGPU reports an error: ${this.#error}`);
    return { ...this.#counts, pipelines: this.#pipelines.size };
  }

  #zero(): { -readonly [Name in Exclude<keyof GpuCounts, "pipelines">]: number } {
    const none = { dispatches: 0, commandBuffers: 0, bindGroupsMade: 0, bytesBound: 0, bytesCopied: 0, buffersMade: 0 };
    return { ...none, buffers: this.#live.size, bytes: this.#liveBytes };
  }

  #made(buffer: GPUBuffer): void {
    this.#live.set(buffer, buffer.size);
    this.#liveBytes += buffer.size;
    this.#counts.buffersMade++;
    this.#counts.buffers = Math.max(this.#counts.buffers, this.#live.size);
    this.#counts.bytes = Math.max(this.#counts.bytes, this.#liveBytes);
  }

  #destroyed(buffer: object): void {
    this.#liveBytes -= this.#live.get(buffer) ?? 0;
    this.#live.delete(buffer);
  }

  #pass(encoder: object): Pass {
    let pass = this.#passes.get(encoder);
    if (!pass) {
      pass = { groups: new Map() };
      this.#passes.set(encoder, pass);
    }
    return pass;
  }

  #dispatched({ pipeline, groups }: Pass): void {
    this.#counts.dispatches++;
    if (pipeline) this.#pipelines.add(pipeline);
    for (const bytes of groups.values()) this.#counts.bytesBound += bytes;
  }
}

/** Bytes of all buffers that a bind group binds. */
function bytesOf({ entries }: GPUBindGroupDescriptor): number {
  let bytes = 0;
  for (const { resource } of entries) {
    const binding: Partial<GPUBufferBinding> =
      resource instanceof GPUBuffer ? { buffer: resource } : (resource as object);
    if (binding.buffer) bytes += binding.size ?? binding.buffer.size - (binding.offset ?? 0);
  }
  return bytes;
}
