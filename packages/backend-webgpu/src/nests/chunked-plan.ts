/**
 * The plan of a nest whose operands may be larger than what a shader can bind: the default limits allow buffers of
 * 256 MiB, but bindings of 128 MiB.
 *
 * Such a nest is cut into parts, each bound to windows of the buffers. It is cut along its outermost output loop, so that
 * every part stores a contiguous piece; where one turn of that loop still reads too far apart (the channels of batch norm
 * do), along a reduction loop, whose parts store totals for another nest to combine; else one output loop further in.
 * Windows begin at multiples of the device's alignment, and so do the pieces that parts store.
 */
import { BackendError, bytesPerElement, type Instruction, type LoopNest, sizeOf } from "@sconce/core";
import { type KernelPlan, limitsAdvice, type Pass, type PassBuffer } from "../kernels/pass.ts";
import { elementPass } from "./element-pass.ts";
import { nestName } from "./names.ts";
import { combination, keptDType, withoutUnusedInputs } from "./nest-plan.ts";
import { normalForm } from "./normal-form.ts";
import { reachOf } from "./reach.ts";
import { skipElements, sliceNest } from "./slice.ts";

export interface BindingLimits {
  /** The most bytes that one binding can have. */
  readonly bytes: number;
  /** What offsets of bindings are multiples of. */
  readonly alignment: number;
  /** The most bindings of one pass. */
  readonly count: number;
}

/** `plan` makes the passes of a nest whose operands can be bound. */
export function chunkedPlan(given: LoopNest, plan: (nest: LoopNest) => KernelPlan, limits: BindingLimits): KernelPlan {
  const nest = normalForm(given);
  if (sizeOf(nest.shape) === 0) return plan(nest);
  const chunks = new Chunks(plan, limits, nestName(nest));
  const inputs = nest.inputs.map((_, index): PassBuffer => ({ kind: "input", index }));
  const outputs = nest.stores.map((_, index): PassBuffer => ({ kind: "output", index }));
  if (chunks.fits(nest)) chunks.add(nest, inputs, outputs);
  else chunks.cut(nest, inputs, outputs.map(from(0)));
  return chunks;
}

/** The part of a buffer that begins at a byte, as large as will be needed. */
const from =
  (offset: number) =>
  (buffer: PassBuffer): PassBuffer => ({ ...buffer, window: { offset, size: 0 } });

class Chunks implements KernelPlan {
  readonly name: string;
  readonly passes: Pass[] = [];
  readonly temporaries: number[] = [];
  readonly #plan: (nest: LoopNest) => KernelPlan;
  readonly #limits: BindingLimits;

  constructor(plan: (nest: LoopNest) => KernelPlan, limits: BindingLimits, name: string) {
    this.#plan = plan;
    this.#limits = limits;
    this.name = name;
  }

  /** Whether each operand can be bound, wherever its window begins. */
  fits(nest: LoopNest): boolean {
    return this.#widest(nest) <= this.#limits.bytes;
  }

  #widest(nest: LoopNest): number {
    const count = sizeOf(nest.shape);
    const read = reachOf(nest).map((reach, i) => {
      if (!reach || reach.everywhere) return 0;
      const slack = reach.first === 0 ? 0 : this.#limits.alignment;
      return (reach.last - reach.first + 1) * bytesPerElement(nest.inputs[i]) + slack;
    });
    return Math.max(...read, ...nest.stores.map(({ dtype }) => count * bytesPerElement(dtype)));
  }

  /** Passes for a nest that fits. */
  add(nest: LoopNest, inputs: readonly PassBuffer[], outputs: readonly PassBuffer[]): void {
    const known = this.#plan(nest);
    const isSmall = known.temporaries.every((bytes) => bytes <= this.#limits.bytes);
    const own = (kind: "input" | "output", list: readonly unknown[]): PassBuffer[] =>
      list.map((_, index) => ({ kind, index }));
    const { passes, temporaries } = isSmall
      ? known
      : { passes: [elementPass(nest, known.name, own("input", inputs), own("output", outputs))], temporaries: [] };
    const first = this.temporaries.length;
    const reach = reachOf(nest);
    const count = sizeOf(nest.shape);
    // As much as it reads or writes: buffers are often larger, as values take turns in them.
    const bound = (buffer: PassBuffer, size: number): PassBuffer => {
      return { ...buffer, window: { offset: buffer.window?.offset ?? 0, size } };
    };
    const place = ({ kind, index }: PassBuffer): PassBuffer => {
      if (kind === "temporary") return { kind, index: first + index };
      if (kind === "output") return bound(outputs[index], count * bytesPerElement(nest.stores[index].dtype));
      const { last, everywhere } = reach[index] ?? { last: -1, everywhere: false };
      return everywhere
        ? { ...inputs[index], everywhere }
        : bound(inputs[index], (last + 1) * bytesPerElement(nest.inputs[index]));
    };
    this.temporaries.push(...temporaries);
    for (const pass of passes) {
      this.passes.push({ ...pass, inputs: pass.inputs.map(place), outputs: pass.outputs.map(place) });
    }
  }

  /** Passes for the parts of a nest; the windows of outputs tell where in their buffers it stores. */
  cut(nest: LoopNest, inputs: readonly PassBuffer[], outputs: readonly PassBuffer[]): void {
    if (this.fits(nest)) {
      this.#addWindows(nest, inputs, outputs);
      return;
    }
    const { shape, reduce, stores } = nest;
    const loop = shape.findIndex((extent) => extent > 1);
    const inner = sizeOf(shape.slice(loop + 1));
    const extent = loop < 0 ? 1 : shape[loop];
    // The fewest turns after which all that is stored begins at an offset of a window.
    const unit = Math.max(...stores.map(({ dtype }) => stepOf(inner * bytesPerElement(dtype), this.#limits.alignment)));
    const longest = loop < 0 ? 0 : this.#longest(nest, loop, unit);
    if (longest === 0 && reduce && this.#cutReduction(nest, inputs, outputs)) return;
    if (longest === 0 && (loop < 0 || unit >= extent)) {
      throw new BackendError(
        `webgpu: kernel ${this.name} needs ${this.#widest(nest)} bytes of one operand at once, but a kernel can bind ` +
          `only ${this.#limits.bytes} on this device. Use smaller batches or tensors${limitsAdvice}.`,
      );
    }
    const step = longest || unit;
    for (let start = 0; start < extent; start += step) {
      const part = sliceNest(nest, loop, start, Math.min(step, extent - start));
      const places = outputs.map((buffer, j) =>
        from((buffer.window?.offset ?? 0) + start * inner * bytesPerElement(stores[j].dtype))(buffer),
      );
      this.cut(part, inputs, places);
    }
  }

  /** The most turns of a loop, as a multiple of `unit`, with which the nest fits; 0 where none are few enough. */
  #longest(nest: LoopNest, loop: number, unit: number): number {
    const extent = [...nest.shape, ...(nest.reduce?.extent ?? [])][loop];
    let [good, bad] = [0, Math.ceil(extent / unit)];
    while (bad - good > 1) {
      const middle = (good + bad) >> 1;
      // Later parts begin anywhere, so that what they bind may be rounded on both sides.
      if (this.fits(sliceNest(nest, loop, extent - middle * unit, middle * unit))) good = middle;
      else bad = middle;
    }
    return good * unit;
  }

  /** Cuts a reduction loop, if that is enough. */
  #cutReduction(nest: LoopNest, inputs: readonly PassBuffer[], outputs: readonly PassBuffer[]): boolean {
    const { shape, reduce } = nest;
    if (!reduce) return false;
    const totals = reduce.accumulators.map(({ dtype }) => keptDType(dtype));
    const summing = {
      ...nest,
      epilogue: totals.flatMap((dtype, index): Instruction[] => [
        { kind: "accumulator", index },
        { kind: "apply", operator: "cast", dtype, operands: [2 * index] },
      ]),
      stores: totals.map((dtype, i) => ({ value: 2 * i + 1, dtype })),
    } satisfies LoopNest;
    const partial = withoutUnusedInputs(summing, inputs);
    const loops = reduce.extent.map((extent, axis) => {
      const loop = shape.length + axis;
      return { loop, extent, longest: this.#longest(partial.nest, loop, 1) };
    });
    const found = loops.find(({ longest }) => longest > 0);
    if (!found) return false;
    const { loop, extent, longest } = found;
    const pieces = Math.ceil(extent / longest);
    const step = sizeOf(shape) * stepOf(sizeOf(shape) * 4, this.#limits.alignment);
    const temporaries = totals.map((): PassBuffer => {
      return { kind: "temporary", index: this.temporaries.push(4 * step * pieces) - 1 };
    });
    const combining = withoutUnusedInputs(combination(nest, totals, pieces, step), [...inputs, ...temporaries]);
    const bound = [partial.inputs.length + totals.length, combining.inputs.length + outputs.length];
    if (Math.max(...bound) > this.#limits.count) return false;
    for (let piece = 0; piece < pieces; piece++) {
      const start = piece * longest;
      const part = sliceNest(partial.nest, loop, start, Math.min(longest, extent - start));
      this.cut(part, partial.inputs, temporaries.map(from(4 * step * piece)));
    }
    this.cut(combining.nest, combining.inputs, outputs);
    return true;
  }

  #addWindows(nest: LoopNest, inputs: readonly PassBuffer[], outputs: readonly PassBuffer[]): void {
    const { alignment } = this.#limits;
    const skipped: number[] = [];
    const windows = reachOf(nest).map((reach, i) => {
      skipped[i] = 0;
      if (!reach || reach.everywhere) return inputs[i];
      const bytes = bytesPerElement(nest.inputs[i]);
      const offset = Math.max(0, Math.floor((reach.first * bytes) / alignment) * alignment);
      skipped[i] = offset / bytes;
      return from(offset)(inputs[i]);
    });
    this.add(skipElements(nest, skipped), windows, outputs);
  }
}

/** The smallest factor that makes `bytes` a multiple of `alignment`, a power of two. */
function stepOf(bytes: number, alignment: number): number {
  let factor = 1;
  while ((bytes * factor) % alignment !== 0) factor *= 2;
  return factor;
}
