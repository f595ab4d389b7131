/**
 * Writes that end within a word of a larger buffer. The queue writes whole words only, so that the last one to three bytes
 * go through a shader that keeps the word's other bytes.
 */
import type { Pass } from "../kernels/pass.ts";
import type { WebGpuBuffer } from "./buffers.ts";
import type { Engine } from "./engine.ts";
import type { Program } from "./pipelines.ts";

const pass: Pass = {
  name: "write_last_bytes",
  inputs: [{ kind: "input", index: 0 }],
  outputs: [{ kind: "output", index: 0 }],
  groups: [1, 1, 1],
  source: () => `
/** Position of the word, its new bytes, and a mask of those that are new. */
@group(0) @binding(0) var<storage, read> change: array<u32>;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;

@compute @workgroup_size(1)
fn write_last_bytes() {
  words[change[0]] = (words[change[0]] & ~change[2]) | change[1];
}`,
};

export class TailWriter {
  readonly #engine: Engine;
  #program: Program | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Writes `bytes`, fewer than four, from a multiple of four on. */
  write({ gpu }: WebGpuBuffer, offset: number, bytes: Uint8Array): void {
    const { device, buffers, pipelines, stream } = this.#engine;
    const alignment = device.limits.minStorageBufferOffsetAlignment;
    this.#program ??= pipelines.createNow(pass, new Map());
    const change = buffers.allocate(12);
    const word = bytes.reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
    // What is bound begins at a multiple of the alignment, and holds the word.
    const start = Math.floor(offset / alignment) * alignment;
    buffers.write(change, new Uint32Array([(offset - start) / 4, word, 256 ** bytes.length - 1]));
    const entries = [
      { binding: 0, resource: { buffer: change.gpu } },
      { binding: 1, resource: { buffer: gpu, offset: start, size: Math.min(alignment, gpu.size - start) } },
    ];
    const group = device.createBindGroup({ layout: this.#program.layout, entries });
    stream.dispatch(pass.name, this.#program.pipeline, group, pass.groups);
    buffers.release(change);
  }
}
