/**
 * A function of every element of a concatenation is applied to its parts instead, where each part is made by a kernel
 * that can do so on the way: the relu after the joined convolutions of a SqueezeNet block then costs nothing.
 *
 * A part that a loop nest makes (a convolution's bias) gets the function added to that nest, so that both become one
 * epilogue; one that a matrix product or convolution makes gets a nest of its own, which becomes its epilogue.
 */
import { type Instruction, type LoopNest, type ProgramDraft, type ProgramNode, sizeOf, stridesOf } from "@sconce/core";
import { readCounts, writersOf } from "./uses.ts";

/** Ops whose kernels take an epilogue. */
const products: readonly string[] = ["convolution", "convolutionInputGradient", "matmul"];

export function moveBeforeConcatenation(draft: ProgramDraft): ProgramDraft {
  const values = [...draft.values];
  const nodes = [...draft.nodes];
  const writers = writersOf(draft);
  const reads = readCounts(draft);
  const replace = (old: ProgramNode, ...made: ProgramNode[]): void => {
    nodes.splice(nodes.indexOf(old), 1, ...made);
    for (const node of made) for (const output of node.outputs) writers.set(output, node);
  };

  for (const node of draft.nodes) {
    const elementwise = elementwiseNest(node);
    if (!elementwise) continue;
    const join = writers.get(node.inputs[0]);
    if (join?.work.kind !== "claim" || join.work.request.op !== "concatenate") continue;
    const makers = join.inputs.map((part) => writers.get(part));
    const readOnce = [...join.inputs, ...join.outputs].every((value) => reads.get(value) === 1);
    if (!readOnce || !makers.every((maker) => maker && takesMore(maker))) continue;
    for (const [i, maker] of (makers as ProgramNode[]).entries()) {
      const part = join.inputs[i];
      const name = `${maker.name}+${node.name}`;
      if (maker.work.kind === "nest") {
        const work = { kind: "nest", nest: followedBy(maker.work.nest, elementwise) } as const;
        replace(maker, {
          ...maker,
          name,
          work,
          flops: maker.flops + elementwise.body.length * sizeOf(values[part].shape),
        });
        continue;
      }
      const raw = values.push(values[part]) - 1;
      const work = { kind: "nest", nest: followedBy(copyOf(sizeOf(values[part].shape)), elementwise) } as const;
      const rest = { ...node, work, inputs: [raw], outputs: [part] };
      replace(maker, { ...maker, outputs: [raw] }, rest);
    }
    replace(join, { ...join, outputs: node.outputs });
    nodes.splice(nodes.indexOf(node), 1);
  }
  return { ...draft, values, nodes };
}

/** The nest of a node that computes each element of its result from the same element of its one input. */
function elementwiseNest({ work, inputs }: ProgramNode): LoopNest | undefined {
  if (work.kind !== "nest" || inputs.length > 1) return undefined;
  const { nest } = work;
  const { shape, reduce, stores, body } = nest;
  const own = stridesOf(shape);
  const fits = (instruction: Instruction): boolean => {
    if (instruction.kind === "index") return false;
    if (instruction.kind !== "load") return true;
    const { access, guard, dtype } = instruction;
    if (access.kind !== "affine" || guard !== undefined || dtype !== "float32") return false;
    return access.offset === 0 && own.every((stride, loop) => stride === access.strides[loop] || shape[loop] === 1);
  };
  const isPlain = reduce === undefined && stores.length === 1 && stores[0].dtype === "float32";
  return isPlain && body.every(fits) ? nest : undefined;
}

/** Whether the kernel that makes a part can do more to its result. */
function takesMore({ work }: ProgramNode): boolean {
  if (work.kind === "claim") return products.includes(work.request.op) && work.request.output.dtype === "float32";
  return (
    work.kind === "nest" &&
    !work.nest.reduce &&
    work.nest.stores.length === 1 &&
    work.nest.stores[0].dtype === "float32"
  );
}

/** `nest`, with `elementwise` applied to what it stores. */
function followedBy(nest: LoopNest, elementwise: LoopNest): LoopNest {
  const body = [...nest.body];
  const places: number[] = [];
  for (const instruction of elementwise.body) {
    if (instruction.kind === "load") places.push(nest.stores[0].value);
    else if (instruction.kind !== "apply") places.push(body.push(instruction) - 1);
    else {
      const operands = instruction.operands.map((operand) => places[operand]);
      places.push(body.push({ ...instruction, operands }) - 1);
    }
  }
  const [{ value, dtype }] = elementwise.stores;
  return { ...nest, body, stores: [{ value: places[value], dtype }] };
}

/** A nest that stores what it loads. */
function copyOf(size: number): LoopNest {
  const access = { kind: "affine", offset: 0, strides: [1] } as const;
  return {
    shape: [size],
    inputs: ["float32"],
    body: [{ kind: "load", input: 0, dtype: "float32", access }],
    epilogue: [],
    stores: [{ value: 0, dtype: "float32" }],
  };
}
