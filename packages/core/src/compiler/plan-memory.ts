/**
 * Memory planning: every value in between gets a slot, and slots are reused as soon as their value has been read for
 * the last time.
 *
 * Walking the kernels in order, a new value takes over the slot of an input that dies there when the kernel reads that
 * input only at the position it writes; otherwise the free slot that has to grow least, or a new one. An output that
 * replaces a source (a variable's new value) may be written in place when its kernel, too, reads the old value only at
 * the position it writes, no later kernel reads it, and nothing that could still fail comes after it.
 */
import type { Signature } from "../backend/backend.ts";
import type { LoopNest } from "../backend/loop-nest.ts";
import { bytesPerElement } from "../dtype.ts";
import { SconceError } from "../errors.ts";
import { sizeOf, stridesOf } from "../shape.ts";
import { byteLengthOf } from "./compile.ts";
import type { Home, Program, ProgramDraft, ProgramNode } from "./program.ts";

export function planMemory(draft: ProgramDraft, capturedTensors: number): Program {
  const { values, nodes, outputs } = withoutUnused(draft);
  const bytes = values.map(byteLengthOf);
  const lastRead = values.map(() => -1);
  nodes.forEach((node, step) => {
    for (const input of node.inputs) lastRead[input] = step;
  });
  const homes = values.map(({ source }) =>
    source === undefined ? undefined : { kind: "source", position: source },
  ) as Home[];
  outputs.forEach(({ value, replaces }, position) => {
    homes[value] = { kind: "output", position, ...inPlace(value, replaces) };
  });

  function inPlace(value: number, replaces: number | undefined): { inPlaceOf?: number } {
    if (replaces === undefined) return {};
    const old = values.findIndex(({ source }) => source === replaces);
    const step = nodes.findIndex((node) => node.outputs.includes(value));
    // Only loop nests cannot fail: whatever else runs now or later must find the old value to go back to.
    if (nodes.slice(step).some((node) => node.work.kind !== "nest")) return {};
    if (old < 0) return { inPlaceOf: replaces };
    if (lastRead[old] > step || (nodes[step].inputs.includes(old) && !readsInPlace(nodes[step], old))) return {};
    return { inPlaceOf: replaces };
  }

  const slots: number[] = [];
  const free = new Set<number>();
  let unplannedBytes = 0;
  nodes.forEach((node, step) => {
    const dying = node.inputs.filter((input) => homes[input].kind === "slot" && lastRead[input] === step);
    for (const output of node.outputs) {
      if (homes[output]) continue;
      unplannedBytes += bytes[output];
      const heir = dying.findIndex((input) => sameLayout(values[input], values[output]) && readsInPlace(node, input));
      const slot = heir >= 0 ? slotOf(homes[dying.splice(heir, 1)[0]]) : takeSlot(slots, free, bytes[output]);
      homes[output] = { kind: "slot", slot };
    }
    for (const input of dying) free.add(slotOf(homes[input]));
    for (const output of node.outputs) {
      const home = homes[output];
      if (home.kind === "slot" && lastRead[output] < 0) free.add(home.slot);
    }
  });
  return {
    values: values.map(({ shape, dtype }, value) => ({ shape, dtype, byteLength: bytes[value], home: homes[value] })),
    nodes,
    slots,
    outputs: outputs.map(({ value }) => value),
    capturedTensors,
    unplannedBytes,
  };
}

/** The draft with the values that are still in use, numbered anew. */
function withoutUnused({ values, nodes, outputs }: ProgramDraft): ProgramDraft {
  const places = new Map<number, number>();
  const written = new Set<number>();
  const place = (value: number): number => {
    if (!places.has(value)) places.set(value, places.size);
    return places.get(value) as number;
  };
  const read = (value: number, reader: string): number => {
    if (values[value].source === undefined && !written.has(value))
      throw new SconceError(
        `optimize: ${reader} needs value ${value} before any node has written it; move its writer.`,
      );
    return place(value);
  };
  const kept = nodes.map((node) => {
    const inputs = node.inputs.map((input) => read(input, node.name));
    for (const output of node.outputs) written.add(output);
    return { ...node, inputs, outputs: node.outputs.map(place) };
  });
  const results = outputs.map(({ value, replaces }) => ({ value: read(value, "an output"), replaces }));
  return { values: [...places.keys()].map((value) => values[value]), nodes: kept, outputs: results };
}

/** As many elements of one size: an element's bytes are then the same in both. */
function sameLayout(a: Signature, b: Signature): boolean {
  return sizeOf(a.shape) === sizeOf(b.shape) && bytesPerElement(a.dtype) === bytesPerElement(b.dtype);
}

function slotOf(home: Home): number {
  return home.kind === "slot" ? home.slot : -1;
}

/** The free slot that grows least, unless a new one costs less. */
function takeSlot(slots: number[], free: Set<number>, needed: number): number {
  let best = -1;
  let bestCost = needed;
  for (const slot of free) {
    const growth = Math.max(0, needed - slots[slot]);
    const better = growth < bestCost || (growth === bestCost && best >= 0 && slots[slot] < slots[best]);
    if (better) {
      best = slot;
      bestCost = growth;
    }
  }
  if (best < 0) return slots.push(needed) - 1;
  free.delete(best);
  slots[best] = Math.max(slots[best], needed);
  return best;
}

/** Whether a kernel reads an input only where it writes, so that both may share a buffer. */
function readsInPlace(node: ProgramNode, value: number): boolean {
  if (node.work.kind !== "nest") return false;
  const { nest } = node.work;
  return node.inputs.every((input, position) => input !== value || loadsOwnPosition(nest, position));
}

function loadsOwnPosition(nest: LoopNest, input: number): boolean {
  const strides = stridesOf(nest.shape);
  const reducing = nest.reduce && sizeOf(nest.reduce.extent) > 1;
  const own = (list: LoopNest["body"], inBody: boolean): boolean =>
    list.every((instruction) => {
      if (instruction.kind !== "load" || instruction.input !== input) return true;
      const { access } = instruction;
      if (access.kind !== "affine" || access.offset !== 0 || (inBody && reducing)) return false;
      return nest.shape.every((extent, axis) => extent === 1 || access.strides[axis] === strides[axis]);
    });
  return own(nest.body, true) && own(nest.epilogue, false);
}
