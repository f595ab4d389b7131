/**
 * The gradient of a rectifier after the gradient of a maximum pool becomes part of it.
 *
 * A pool's gradient is not 0 only where x has its maxima, and it knows them: of y = maxPool(x), x = max(e, 0), the gradient
 * of e is that of x where the maximum is positive. Runs after rectified.ts, when the nest reads x and no longer e.
 */
import type { Claim, Instruction, LoopNest, OpRequest, ProgramDraft, ProgramNode } from "@sconce/core";
import { sizeOf, stridesOf } from "@sconce/core";
import { readCounts } from "./uses.ts";

export function joinRectifiedPools(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const { values } = draft;
  const reads = readCounts(draft);
  /** The gradients of pools that one other node reads, by value. */
  const gradients = new Map<number, ProgramNode>();
  const joined = new Set<ProgramNode>();
  const nodes = draft.nodes.map((node): ProgramNode => {
    const { work, inputs } = node;
    const [output] = node.outputs;
    if (work.kind === "claim" && work.request.op === "maxPoolGradient" && reads.get(output) === 1)
      gradients.set(output, node);
    const of = work.kind === "nest" ? maskOf(work.nest) : undefined;
    const pool = of && gradients.get(inputs[of.gradient]);
    if (!of || pool?.work.kind !== "claim" || pool.inputs[0] !== inputs[of.x]) return node;
    if (sizeOf(values[output].shape) !== sizeOf(values[pool.outputs[0]].shape)) return node;
    const { request: asked } = pool.work;
    const request: OpRequest = { ...asked, attributes: { ...(asked.attributes as object), rectified: true } };
    const kernel = claim(request);
    if (!kernel) return node;
    joined.add(pool);
    return { ...node, name: pool.name, work: { kind: "claim", request, kernel }, inputs: pool.inputs };
  });
  return { ...draft, nodes: nodes.filter((node) => !joined.has(node)) };
}

/** The inputs of a nest that is where(x > 0, gradient, 0) element by element. */
function maskOf({ shape, reduce, body, stores }: LoopNest): { x: number; gradient: number } | undefined {
  if (reduce || stores.length > 1 || stores[0].dtype !== "float32") return undefined;
  const applied = (at: number, operator: string): readonly number[] => {
    const instruction: Instruction | undefined = body[at];
    return instruction?.kind === "apply" && instruction.operator === operator ? instruction.operands : [];
  };
  const isZero = (at: number): boolean => {
    const instruction: Instruction | undefined = body[at];
    return instruction?.kind === "constant" && instruction.value === 0;
  };
  const inputAt = (at: number): number | undefined => {
    const instruction: Instruction | undefined = body[at];
    if (instruction?.kind !== "load" || instruction.guard !== undefined || instruction.dtype !== "float32")
      return undefined;
    const { access } = instruction;
    const isWhole = access.kind === "affine" && access.offset === 0 && `${access.strides}` === `${stridesOf(shape)}`;
    return isWhole ? instruction.input : undefined;
  };
  const [condition, kept, other] = applied(stores[0].value, "where");
  const [element, bound] = applied(condition, "greater");
  const [x, gradient] = [inputAt(element), inputAt(kept)];
  return isZero(other) && isZero(bound) && x !== undefined && gradient !== undefined ? { x, gradient } : undefined;
}
