/**
 * The gradient of y = max(e, 0) asks whether e > 0, which y > 0 answers as well.
 *
 * As nests come, the gradient's computes e anew: from the convolution's result and the bias, say. Reading y spares this,
 * and then the convolution has one reader less, so that what makes y of it can become part of its kernel.
 */
import type { Instruction, LoopNest, ProgramDraft, ProgramNode } from "@sconce/core";
import { stridesOf } from "@sconce/core";
import { renumber } from "./loops.ts";
import { withoutUnused } from "./unused.ts";

export function readRectified(draft: ProgramDraft): ProgramDraft {
  const expressions = new Expressions();
  /** The values that hold max(e, 0), by e. */
  const rectified = new Map<string, number>();
  const nodes = draft.nodes.map((node): ProgramNode => {
    if (node.work.kind !== "nest" || node.work.nest.reduce) return node;
    const { nest } = node.work;
    if (!nest.body.some((_, at) => clampedOperand(nest.body, at) !== undefined)) return node;
    const numbers = expressions.numbersOf(nest, node.inputs);
    const key = (at: number): string => `${nest.shape} ${numbers[at]}`;
    const signs = nest.body.flatMap((_, at) => {
      const of = clampedOperand(nest.body, at, "greater");
      const value = of === undefined ? undefined : rectified.get(key(of));
      return value === undefined ? [] : [{ at, value }];
    });
    nest.stores.forEach(({ value, dtype }, i) => {
      const of = clampedOperand(nest.body, value, "maximum");
      if (of !== undefined && dtype === "float32") rectified.set(key(of), node.outputs[i]);
    });
    return signs.length > 0 ? reading(node, nest, signs) : node;
  });
  return { ...draft, nodes };
}

/** The operand e of instruction `at` if that is max(e, 0) or e > 0 in float32, or the one of them that is asked for. */
export function clampedOperand(
  list: readonly Instruction[],
  at: number,
  operator?: "maximum" | "greater",
): number | undefined {
  const instruction = list[at];
  if (instruction.kind !== "apply") return undefined;
  const isMaximum = instruction.operator === "maximum";
  if ((!isMaximum && instruction.operator !== "greater") || instruction.operator !== (operator ?? instruction.operator))
    return undefined;
  const isZero = (operand: number): boolean => {
    const each = list[operand];
    return each.kind === "constant" && each.value === 0 && each.dtype === "float32";
  };
  const [first, second] = instruction.operands;
  if (isZero(second)) return first;
  return isMaximum && isZero(first) ? second : undefined;
}

/** Numbers for what instructions compute, equal for equal ones. */
class Expressions {
  readonly #known = new Map<string, number>();

  numbersOf({ body }: LoopNest, inputs: readonly number[]): readonly number[] {
    const numbers: number[] = [];
    for (const instruction of body) {
      const text = textOf(instruction, inputs, numbers);
      if (!this.#known.has(text)) this.#known.set(text, this.#known.size);
      numbers.push(this.#known.get(text) as number);
    }
    return numbers;
  }
}

/** An instruction of a nest without a reduction, written with the values it reads and the numbers of its operands. */
function textOf(instruction: Instruction, inputs: readonly number[], numbers: readonly number[]): string {
  switch (instruction.kind) {
    case "constant":
      return `${instruction.dtype} ${Object.is(instruction.value, -0) ? "-0" : instruction.value}`;
    case "load": {
      const { input, dtype, access, guard } = instruction;
      const place = access.kind === "affine" ? `${access.offset}+${access.strides}` : `at ${numbers[access.index]}`;
      return `load ${inputs[input]} ${dtype} ${place} ${guard === undefined ? "" : numbers[guard]}`;
    }
    case "apply":
      return `${instruction.operator} ${instruction.dtype} ${instruction.operands.map((operand) => numbers[operand])}`;
    case "index":
      return `index ${instruction.axis}`;
    case "accumulator":
      return `accumulator ${instruction.index}`;
  }
}

/** The node with signs asked of other values, if it then reads no more than before. */
function reading(
  node: ProgramNode,
  nest: LoopNest,
  signs: readonly { readonly at: number; readonly value: number }[],
): ProgramNode {
  const values = [...new Set(signs.map(({ value }) => value))];
  const access = { kind: "affine", offset: 0, strides: stridesOf(nest.shape) } as const;
  const loads = values.map((_, i): Instruction => {
    return { kind: "load", input: node.inputs.length + i, dtype: "float32", access };
  });
  const places = nest.body.map((_, at) => at + loads.length);
  const body = nest.body.map((instruction, at): Instruction => {
    const sign = signs.find((each) => each.at === at);
    const moved = renumber(instruction, places);
    if (!sign || moved.kind !== "apply") return moved;
    return { ...moved, operands: [values.indexOf(sign.value), moved.operands[1]] };
  });
  const rewritten = withoutUnused(
    {
      ...nest,
      inputs: [...nest.inputs, ...values.map(() => "float32" as const)],
      body: [...loads, ...body],
      stores: nest.stores.map((store) => ({ ...store, value: store.value + loads.length })),
    },
    [...node.inputs, ...values],
  );
  return rewritten.inputs.length > node.inputs.length ? node : { ...node, ...rewritten };
}
