/** Compute pipelines and the layouts of their bindings, which pipelines of equal bindings share. */
import { BackendError } from "@sconce/core";
import type { Pass, Sharing } from "../kernels/pass.ts";
import type { Faults } from "./faults.ts";
import { computeStage } from "./flags.ts";

interface Layout {
  readonly group: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

/** A pass that can be dispatched, for one way of sharing buffers. */
export interface Program {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export class Pipelines {
  readonly #faults: Faults;
  readonly #layouts = new Map<string, Layout>();
  /** Milliseconds spent on pipelines that something waited for. */
  compileTime = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** Compiles a pass without blocking. */
  async create(pass: Pass, sharing: Sharing): Promise<Program> {
    const { descriptor, layout, source } = this.#describe(pass, sharing);
    try {
      return { pipeline: await this.#faults.device.createComputePipelineAsync(descriptor), layout };
    } catch (error) {
      await this.#faults.take();
      const { message } = error as Error;
      throw new BackendError(`webgpu: kernel ${pass.name} does not compile: ${message}\n\n${source}`, { cause: error });
    }
  }

  /** Compiles a pass while the caller waits. */
  createNow(pass: Pass, sharing: Sharing): Program {
    const started = performance.now();
    const { descriptor, layout } = this.#describe(pass, sharing);
    const pipeline = this.#faults.watch(`webgpu: kernel ${pass.name}`, () =>
      this.#faults.device.createComputePipeline(descriptor),
    );
    this.compileTime += performance.now() - started;
    return { pipeline, layout };
  }

  #describe(
    pass: Pass,
    sharing: Sharing,
  ): { descriptor: GPUComputePipelineDescriptor; layout: GPUBindGroupLayout; source: string } {
    const { name, inputs, outputs } = pass;
    const kinds = [...inputs.map((_, i) => (sharing.has(i) ? "none" : "read")), ...outputs.map(() => "write")];
    const layout = this.#layout(kinds);
    const source = pass.source(sharing);
    const module = this.#faults.watch(`webgpu: the shader of kernel ${name}`, () =>
      this.#faults.device.createShaderModule({ label: name, code: source }),
    );
    const descriptor = { label: name, layout: layout.pipeline, compute: { module, entryPoint: name } };
    return { descriptor, layout: layout.group, source };
  }

  #layout(kinds: readonly string[]): Layout {
    const key = kinds.join(" ");
    let layout = this.#layouts.get(key);
    if (!layout) {
      const { device } = this.#faults;
      const types = { read: "read-only-storage", write: "storage" } as Readonly<Record<string, GPUBufferBindingType>>;
      const group = device.createBindGroupLayout({
        label: key,
        entries: kinds.flatMap((kind, binding) =>
          kind === "none" ? [] : [{ binding, visibility: computeStage, buffer: { type: types[kind] } }],
        ),
      });
      layout = { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) };
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}
