/**
 * Memory planning: every value in between gets a slot, and slots are reused as soon as their value has been read for
 * the last time.
 *
 * Walking the kernels in order, a new value takes over the slot of an input that dies there when the kernel reads that
 * input only at the position it writes; otherwise the free slot that has to grow least, or a new one. An output that
 * replaces a source (a variable's new value) may be written in place when its kernel, too, reads the old value only at
 * the position it writes, no later kernel reads it, and nothing that could still fail comes after it.
 */
import type { LoopNest } from "../backend/loop-nest.ts";
import { bytesPerElement } from "../dtype.ts";
import { sizeOf, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { byteLengthOf, type OutputRole } from "./compile.ts";
import type { Home, Program, ProgramNode } from "./program.ts";

export function planMemory(
  nodes: readonly ProgramNode[],
  tensors: readonly Tensor[],
  outputs: readonly number[],
  roles: readonly OutputRole[],
  sourceNumbers: ReadonlyMap<Tensor, number>,
  capturedTensors: number,
): Program {
  const bytes = tensors.map(byteLengthOf);
  const lastRead = tensors.map(() => -1);
  nodes.forEach((node, step) => {
    for (const input of node.inputs) lastRead[input] = step;
  });
  const homes = new Array<Home>(tensors.length);
  tensors.forEach((tensor, value) => {
    const position = sourceNumbers.get(tensor);
    if (position !== undefined) homes[value] = { kind: "source", position };
  });
  outputs.forEach((value, position) => {
    homes[value] = { kind: "output", position, ...inPlace(value, roles[position]?.replaces) };
  });

  function inPlace(value: number, replaces: number | undefined): { inPlaceOf?: number } {
    if (replaces === undefined) return {};
    const old = homes.findIndex((home) => home?.kind === "source" && home.position === replaces);
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
      const heir = dying.findIndex((input) => sameLayout(tensors[input], tensors[output]) && readsInPlace(node, input));
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
    values: tensors.map(({ shape, dtype }, value) => ({ shape, dtype, byteLength: bytes[value], home: homes[value] })),
    nodes,
    slots,
    outputs,
    capturedTensors,
    unplannedBytes,
  };
}

/** As many elements of one size: an element's bytes are then the same in both. */
function sameLayout(a: Tensor, b: Tensor): boolean {
  return a.size === b.size && bytesPerElement(a.dtype) === bytesPerElement(b.dtype);
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
