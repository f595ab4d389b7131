/**
 * A sum of two products' results, each with work of its own, is split, so that each product can do its own: the last sum
 * of a residual block whose shortcut is a convolution too, relu((a s + t) + (b u + v)). The nest that sums them then
 * becomes the epilogue of one, with the other's finished result as an operand. That is a chain, which the sum was not.
 */
import { type Instruction, type LoopNest, type ProgramDraft, type ProgramNode, stridesOf } from "@sconce/core";
import { withoutUnused } from "./unused.ts";
import { readCounts } from "./uses.ts";

/** Ops whose kernels take an epilogue. */
const products: readonly string[] = ["convolution", "matmul"];

export function splitSums(draft: ProgramDraft): ProgramDraft {
  const values = [...draft.values];
  const places = new Map<number, number>();
  const reads = readCounts(draft);
  draft.nodes.forEach(({ work, outputs }, place) => {
    if (work.kind === "claim" && products.includes(work.request.op)) places.set(outputs[0], place);
  });
  const nodes = draft.nodes.flatMap((node): readonly ProgramNode[] => {
    const results = node.inputs.filter((value) => places.has(value) && reads.get(value) === 1);
    if (node.work.kind !== "nest" || node.work.nest.reduce || results.length !== 2) return [node];
    // The sum goes with the later of them.
    const [earlier, later] = results.sort((a, b) => (places.get(a) as number) - (places.get(b) as number));
    const { nest } = node.work;
    const at = summandOf(nest, node.inputs.indexOf(earlier), node.inputs.indexOf(later));
    if (at === undefined) return [node];
    const made = values.push({ shape: values[node.outputs[0]].shape, dtype: "float32" }) - 1;
    const access = { kind: "affine", offset: 0, strides: stridesOf(nest.shape) } as const;
    const load: Instruction = { kind: "load", input: node.inputs.length, dtype: "float32", access };
    const own = withoutUnused({ ...nest, stores: [{ value: at, dtype: "float32" }] }, node.inputs);
    const inputs = [...node.inputs, made];
    const body = nest.body.map((instruction, i) => (i === at ? load : instruction));
    const rest = withoutUnused({ ...nest, inputs: [...nest.inputs, "float32"], body }, inputs);
    if (rest.inputs.includes(earlier)) return [node];
    const flops = Math.floor(node.flops / 2);
    return [
      { ...node, ...own, outputs: [made], flops },
      { ...node, ...rest, flops: node.flops - flops },
    ];
  });
  return { ...draft, values, nodes };
}

/** The operand of a sum that is computed from input `own` and not from input `other`, which the other operand is. */
function summandOf({ body }: LoopNest, own: number, other: number): number | undefined {
  const needs: ReadonlySet<number>[] = [];
  for (const instruction of body) {
    const operands = instruction.kind === "apply" ? instruction.operands : [];
    const loaded = instruction.kind === "load" ? [instruction.input] : [];
    needs.push(new Set([...loaded, ...operands.flatMap((operand) => [...needs[operand]])]));
  }
  for (const instruction of body) {
    if (instruction.kind !== "apply" || instruction.operator !== "add" || instruction.dtype !== "float32") continue;
    const isOwn = (at: number): boolean => needs[at].has(own) && !needs[at].has(other) && body[at].kind === "apply";
    const found = instruction.operands.find(isOwn);
    if (found !== undefined && instruction.operands.some((at) => needs[at].has(other))) return found;
  }
  return undefined;
}
