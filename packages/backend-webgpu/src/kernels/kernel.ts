/**
 * A kernel: its passes with their pipelines, and the memory they need in between.
 *
 * Core may hand the same buffer as an input and as an output. WebGPU forbids binding it twice, so that each way of
 * sharing has a variant of the shader, compiled when it first occurs, in which the input is read from the output's binding.
 */
import { BackendError, type Kernel } from "@sconce/core";
import type { WebGpuBuffer } from "../device/buffers.ts";
import type { Engine } from "../device/engine.ts";
import type { Program } from "../device/pipelines.ts";
import { type KernelPlan, limitsAdvice, nothingShared, type Pass, type PassBuffer, type Sharing } from "./pass.ts";

/** A pass with its buffers, ready to dispatch. */
export interface BoundPass {
  readonly pass: Pass;
  readonly program: Program;
  readonly group: GPUBindGroup;
}

export class WebGpuKernel implements Kernel<WebGpuBuffer> {
  readonly name: string;
  readonly #engine: Engine;
  readonly #passes: readonly { readonly pass: Pass; readonly variants: Map<string, Program> }[];
  readonly #temporaryBytes: readonly number[];
  #temporaries: readonly WebGpuBuffer[] | undefined;
  #compiled: Promise<this> | undefined;

  constructor(plan: KernelPlan, engine: Engine) {
    this.name = plan.name;
    this.#engine = engine;
    this.#passes = plan.passes.map((pass) => ({ pass, variants: new Map() }));
    this.#temporaryBytes = plan.temporaries;
  }

  /** Compiles the shaders for buffers that are all different. */
  compile(): Promise<this> {
    this.#compiled ??= Promise.all(
      this.#passes.map(async ({ pass, variants }) => {
        variants.set("", await this.#engine.pipelines.create(pass, nothingShared));
      }),
    ).then(() => this);
    return this.#compiled;
  }

  /** The shaders of its passes. */
  code(): string {
    return this.#passes.map(({ pass }) => pass.source(nothingShared).trim()).join("\n\n");
  }

  run(inputs: readonly WebGpuBuffer[], outputs: readonly WebGpuBuffer[]): void {
    const { stream } = this.#engine;
    for (const { pass, program, group } of this.bind(inputs, outputs)) {
      stream.dispatch(pass.name, program.pipeline, group, pass.groups);
    }
    stream.relieve();
  }

  /** Compiles, without blocking, what these buffers need and nothing needed before; undefined where all is there. */
  prepare(inputs: readonly WebGpuBuffer[], outputs: readonly WebGpuBuffer[]): Promise<unknown> | undefined {
    const missing = this.#passes.flatMap(({ pass, variants }) => {
      const { sharing, key } = this.#sharing(pass, inputs, outputs);
      if (variants.has(key)) return [];
      return [this.#engine.pipelines.create(pass, sharing).then((program) => variants.set(key, program))];
    });
    return missing.length > 0 ? Promise.all(missing) : undefined;
  }

  /** The passes over these buffers. */
  bind(inputs: readonly WebGpuBuffer[], outputs: readonly WebGpuBuffer[]): BoundPass[] {
    return this.#passes.map(({ pass, variants }) => {
      const { sharing, key, read, written } = this.#sharing(pass, inputs, outputs);
      let program = variants.get(key);
      if (!program) {
        program = this.#engine.pipelines.createNow(pass, sharing);
        variants.set(key, program);
      }
      const places = [...pass.inputs, ...pass.outputs];
      const entries = [...read, ...written].flatMap(({ gpu }, binding) =>
        sharing.has(binding) ? [] : [{ binding, resource: this.#resource(gpu, places[binding]) }],
      );
      const group = this.#engine.device.createBindGroup({ label: pass.name, layout: program.layout, entries });
      return { pass, program, group };
    });
  }

  /** What of a buffer a pass binds. */
  #resource(buffer: GPUBuffer, { window, everywhere }: PassBuffer): GPUBufferBinding {
    const { bindingBytes } = this.#engine;
    if (everywhere && buffer.size > bindingBytes) {
      throw new BackendError(
        `webgpu: kernel ${this.name} reads at computed positions of a buffer of ${buffer.size} bytes, but a kernel can ` +
          `bind only ${bindingBytes} on this device. Gather from smaller tensors${limitsAdvice}.`,
      );
    }
    // What only guarded reads that fail would touch may lie beyond the end.
    const offset = window && window.offset < buffer.size ? window.offset : 0;
    // Shaders may read the last elements as vectors.
    const size = Math.ceil(Math.max(1, window?.size ?? bindingBytes) / 16) * 16;
    return { buffer, offset, size: Math.min(size, bindingBytes, buffer.size - offset) };
  }

  /** Frees the memory between its passes, which the next run would allocate again. */
  release(): void {
    for (const buffer of this.#temporaries ?? []) this.#engine.buffers.release(buffer);
    this.#temporaries = undefined;
  }

  #sharing(
    pass: Pass,
    inputs: readonly WebGpuBuffer[],
    outputs: readonly WebGpuBuffer[],
  ): { sharing: Sharing; key: string; read: WebGpuBuffer[]; written: WebGpuBuffer[] } {
    const find = ({ kind, index }: Pass["inputs"][number]): WebGpuBuffer => {
      if (kind === "temporary") return this.#temporary(index);
      return kind === "input" ? inputs[index] : outputs[index];
    };
    const [read, written] = [pass.inputs.map(find), pass.outputs.map(find)];
    const sharing = new Map<number, number>();
    read.forEach((buffer, i) => {
      const output = written.indexOf(buffer);
      if (output >= 0) sharing.set(i, output);
    });
    return { sharing, key: [...sharing].join(" "), read, written };
  }

  /** Kernels run one after the other, so that all uses of this one can share its memory. */
  #temporary(index: number): WebGpuBuffer {
    this.#temporaries ??= this.#temporaryBytes.map((bytes) => this.#engine.buffers.allocate(bytes));
    return this.#temporaries[index];
  }
}
