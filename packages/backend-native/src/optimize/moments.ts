/**
 * A mean, and the variance around it, in one pass over memory.
 *
 * They arrive as two nests: the sum of x, whose epilogue makes the mean, and the sum of (x - mean)^2. One kernel finds
 * both sums, block by block while a block is in the first-level cache; what remains of the two nests are their epilogues.
 * So batch and layer normalization read their input once for its statistics. Runs last, when layouts are chosen.
 */
import type { Claim, Instruction, LoopNest, OpRequest, ProgramDraft, ProgramNode } from "@sconce/core";
import { sizeOf, stridesOf } from "@sconce/core";
import { joinLoops } from "./loops.ts";

/** Of the loop over results, the outer and the inner reduction loop. */
export interface MomentsAttributes {
  readonly extents: readonly [number, number, number];
  readonly strides: readonly [number, number, number];
}

type Load = Extract<Instruction, { kind: "load" }>;

/** A sum of plain elements: the value they are of, and how they lie. */
interface PlainSum {
  readonly node: number;
  readonly value: number;
  readonly load: Load;
  readonly extent: readonly number[];
}

export function joinMoments(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const values = [...draft.values];
  /** By the value that holds the mean. */
  const means = new Map<number, PlainSum>();
  const replaced = new Map<number, readonly ProgramNode[]>();
  draft.nodes.forEach((node, position) => {
    if (node.work.kind !== "nest") return;
    const { nest } = node.work;
    const sum = plainSum(node, nest, position);
    if (sum) for (const mean of meansOf(nest)) means.set(node.outputs[mean], sum);
    const around = squaresAround(node, nest);
    const mean = around && means.get(around.mean);
    if (!mean || replaced.has(mean.node) || mean.value !== around.value || !sameLoops(mean, around.load, nest)) return;
    const of = draft.nodes[mean.node];
    const request = requestOf(draft, mean, nest);
    const kernel = request && claim(request);
    if (!kernel || of.work.kind !== "nest") return;
    const [sums, squares] = [0, 1].map(() => values.push(request.output) - 1);
    const work = { kind: "claim", request, kernel } as const;
    replaced.set(mean.node, [
      {
        name: "moments",
        work,
        inputs: [mean.value],
        outputs: [sums, squares],
        flops: 4 * sizeOf(draft.values[mean.value].shape),
      },
      epilogueOf(of, of.work.nest, sums),
    ]);
    replaced.set(position, [epilogueOf(node, nest, squares)]);
  });
  if (replaced.size === 0) return draft;
  return { ...draft, values, nodes: draft.nodes.flatMap((node, position) => replaced.get(position) ?? [node]) };
}

/** The sum that is all the nest accumulates, if its elements are those of one input. */
function plainSum({ inputs }: ProgramNode, { reduce, body }: LoopNest, node: number): PlainSum | undefined {
  if (reduce?.accumulators.length !== 1 || reduce.accumulators[0].combine !== "sum") return undefined;
  const load = body[reduce.accumulators[0].value];
  if (!isPlain(load) || body.length > 1) return undefined;
  return { node, value: inputs[load.input], load, extent: reduce.extent };
}

/** The stores of a sum that hold the mean. */
function meansOf({ reduce, epilogue, stores }: LoopNest): readonly number[] {
  const count = sizeOf(reduce?.extent ?? []);
  const constant = (i: number): number => {
    const instruction = epilogue[i];
    return instruction.kind === "constant" ? instruction.value : Number.NaN;
  };
  const isMean = (instruction: Instruction): boolean => {
    if (instruction.kind !== "apply" || instruction.dtype !== "float32") return false;
    const { operator, operands } = instruction;
    const [sum, other] = epilogue[operands[0]].kind === "accumulator" ? operands : [...operands].reverse();
    if (epilogue[sum].kind !== "accumulator") return false;
    if (operator === "divide") return sum === operands[0] && constant(other) === count;
    return operator === "multiply" && Math.abs(constant(other) * count - 1) < 1e-6;
  };
  return stores.flatMap(({ value }, i) => (isMean(epilogue[value]) ? [i] : []));
}

/** Of a nest that sums (x - mean)^2, where x and the mean are. */
function squaresAround(
  { inputs }: ProgramNode,
  nest: LoopNest,
): { value: number; mean: number; load: Load } | undefined {
  const { reduce, body, shape } = nest;
  if (reduce?.accumulators.length !== 1 || reduce.accumulators[0].combine !== "sum" || body.length !== 4)
    return undefined;
  const square = body[reduce.accumulators[0].value];
  if (square.kind !== "apply" || square.operator !== "multiply" || square.operands[0] !== square.operands[1])
    return undefined;
  const difference = body[square.operands[0]];
  if (difference.kind !== "apply" || difference.operator !== "subtract") return undefined;
  const [load, mean] = difference.operands.map((operand) => body[operand]);
  if (!isPlain(load) || !isPlain(mean)) return undefined;
  const expected = [...stridesOf(shape), ...reduce.extent.map(() => 0)];
  const extents = [...shape, ...reduce.extent];
  const { offset, strides } = mean.access as { offset: number; strides: readonly number[] };
  const perResult = offset === 0 && strides.every((stride, i) => stride === expected[i] || extents[i] === 1);
  return perResult ? { value: inputs[load.input], mean: inputs[mean.input], load } : undefined;
}

function isPlain(instruction: Instruction): instruction is Load {
  return (
    instruction.kind === "load" &&
    instruction.dtype === "float32" &&
    instruction.guard === undefined &&
    instruction.access.kind === "affine"
  );
}

/** Whether a sum and a nest read the same elements in the same loops. */
function sameLoops(sum: PlainSum, load: Load, { reduce }: LoopNest): boolean {
  const numbers = (extent: readonly number[] = [], { access }: Load): string => JSON.stringify([extent, access]);
  return numbers(sum.extent, sum.load) === numbers(reduce?.extent, load);
}

/** The request for the sums, where no more than one loop of results and two of elements are left when loops are joined. */
function requestOf({ values }: ProgramDraft, { value, load }: PlainSum, nest: LoopNest): OpRequest | undefined {
  const only: LoopNest = { ...nest, body: [load], epilogue: [] };
  const { shape, reduce, body } = joinLoops(only);
  const { access } = body[0] as Load;
  const extent = reduce?.extent ?? [];
  if (access.kind !== "affine" || access.offset !== 0 || shape.length > 1 || extent.length > 2) return undefined;
  const padded = <Item>(list: readonly Item[], length: number, item: Item): Item[] => [
    ...new Array<Item>(length - list.length).fill(item),
    ...list,
  ];
  const extents = [...padded(shape, 1, 1), ...padded(extent, 2, 1)] as [number, number, number];
  const strides = [
    ...padded(access.strides.slice(0, shape.length), 1, 0),
    ...padded(access.strides.slice(shape.length), 2, 0),
  ] as [number, number, number];
  const attributes: MomentsAttributes = { extents, strides };
  return {
    op: "moments",
    attributes,
    inputs: [{ shape: values[value].shape, dtype: "float32" }],
    output: { shape: [extents[0]], dtype: "float32" },
  };
}

/** What a nest does after its reduction, with the accumulator read from `sums`. */
function epilogueOf(node: ProgramNode, nest: LoopNest, sums: number): ProgramNode {
  const access = { kind: "affine", offset: 0, strides: stridesOf(nest.shape) } as const;
  const places = new Map<number, number>();
  const inputs: number[] = [];
  const inputOf = (value: number): number => {
    if (!places.has(value)) places.set(value, inputs.push(value) - 1);
    return places.get(value) as number;
  };
  const body = nest.epilogue.map((instruction): Instruction => {
    if (instruction.kind === "accumulator") return { kind: "load", input: inputOf(sums), dtype: "float32", access };
    if (instruction.kind === "load") return { ...instruction, input: inputOf(node.inputs[instruction.input]) };
    return instruction;
  });
  const { shape, stores } = nest;
  // A value has one dtype, so that its position tells that of each input.
  const dtypes = inputs.map((_, i) => (body.find((each) => each.kind === "load" && each.input === i) as Load).dtype);
  const work = { kind: "nest", nest: { shape, inputs: dtypes, body, epilogue: [], stores } } as const;
  return { ...node, work, inputs, flops: 0 };
}
