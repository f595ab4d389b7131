/**
 * An epilogue as a chain of post-operations (addon/dnnl/post_operations.h): each instruction must take the value so far
 * once, beside a constant or an operand, or choose between pieces of a line bent there, as relu6 does.
 *
 * The chain is followed from the result back to the value that the epilogue starts from.
 */
import type { Instruction, NestEpilogue, OpRequest, ScalarOperator } from "@sconce/core";
import { bendOf } from "./bends.ts";

const kinds = ["relu", "linear", "clip", "tanh", "exp", "square", "add", "multiply", "subtract", "maximum", "minimum"];
const shapes = ["element", "row", "column"];

type Step = readonly number[];

/** What an instruction beside the value so far stands for. */
type Meaning =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "operand"; readonly number: number };

/** The numbers of the chain that the request's epilogue is, or undefined where it is none. */
export function describePostOperations({ epilogue }: OpRequest): readonly number[] | undefined {
  if (!epilogue) return [0];
  const { operands, value } = epilogue as NestEpilogue;
  const steps = stepsTo(value, epilogue as NestEpilogue);
  if (!steps) return undefined;
  const chain = joinClips(steps);
  const used = chain.filter(([kind]) => kind >= kinds.indexOf("add")).map(([, , operand]) => operand);
  const eachOnce = used.length === operands.length && new Set(used).size === operands.length;
  return eachOnce ? [chain.length, ...chain.flat()] : undefined;
}

/** Whether an epilogue has functions that only oneDNN's convolutions do. */
export function hasSlowSteps({ epilogue }: OpRequest): boolean {
  const instructions = (epilogue as NestEpilogue | undefined)?.instructions ?? [];
  return instructions.some((each) => each.kind === "apply" && ["tanh", "exp"].includes(each.operator));
}

/** The steps from the value that the epilogue starts from to the instruction `at`. */
function stepsTo(at: number, epilogue: NestEpilogue): readonly Step[] | undefined {
  const { instructions, operands } = epilogue;
  const instruction = instructions[at];
  if (instruction.kind === "load" && instruction.input === 0) return [];
  if (instruction.kind !== "apply") return undefined;
  const bend = bendOf(instructions, at);
  if (bend) {
    const before = stepsTo(bend.of, epilogue);
    const step = bend.kind === "clip" ? functionStep("clip", bend.low, bend.high) : functionStep("relu", bend.slope);
    return before && [...before, step];
  }
  const meanings = instruction.operands.map((operand) => meaningOf(instructions[operand]));
  const place = meanings.indexOf(undefined);
  const latest = instruction.operands[place];
  if (place < 0 || instruction.operands.some((operand, i) => !meanings[i] && operand !== latest)) return undefined;
  const before = stepsTo(latest, epilogue);
  const others = meanings.flatMap((meaning) => (meaning ? [meaning] : []));
  const steps = before && stepOf(instruction.operator, place, others, operands);
  return steps && [...before, ...steps];
}

function meaningOf(instruction: Instruction): Meaning | undefined {
  if (instruction.kind === "constant") return { kind: "constant", value: instruction.value };
  if (instruction.kind !== "load" || instruction.input === 0) return undefined;
  return { kind: "operand", number: instruction.input - 1 };
}

const functionStep = (kind: string, alpha = 0, beta = 0): Step => [kinds.indexOf(kind), alpha, beta];

/** The steps of one operator on the value so far, which is its operand number `place`. */
function stepOf(
  operator: ScalarOperator,
  place: number,
  others: readonly Meaning[],
  operands: NestEpilogue["operands"],
): readonly Step[] | undefined {
  if (others.length === 0) {
    if (operator === "negate") return [functionStep("linear", -1)];
    if (operator === "multiply") return [functionStep("square")];
    return operator === "tanh" || operator === "exp" ? [functionStep(operator)] : undefined;
  }
  const [other] = others;
  if (others.length > 1) return undefined;
  if (other.kind === "operand") {
    const named = ["add", "multiply", "maximum", "minimum"].includes(operator);
    if (!named && operator !== "subtract") return undefined;
    const step: Step = [kinds.indexOf(operator), shapes.indexOf(operands[other.number]), other.number];
    if (operator !== "subtract" || place === 0) return [step];
    // operand - value
    return [functionStep("linear", -1), [kinds.indexOf("add"), ...step.slice(1)]];
  }
  const { value } = other;
  switch (operator) {
    case "add":
      return [functionStep("linear", 1, value)];
    case "subtract":
      return [place === 0 ? functionStep("linear", 1, -value) : functionStep("linear", -1, value)];
    case "multiply":
      return [functionStep("linear", value)];
    case "divide":
      return place === 0 ? [functionStep("linear", 1 / value)] : undefined;
    default:
      return undefined;
  }
}

/** Limits one after the other are one step, and max(x, 0) alone is a relu. */
function joinClips(steps: readonly Step[]): readonly Step[] {
  const clip = kinds.indexOf("clip");
  const joined: Step[] = [];
  for (const step of steps) {
    const [kind, low, high] = joined.at(-1) ?? [];
    if (kind === clip && step[0] === clip && step[1] <= high && step[2] >= low) {
      joined[joined.length - 1] = [clip, Math.max(low, step[1]), Math.min(high, step[2])];
    } else joined.push(step);
  }
  const isRelu = ([kind, low, high]: Step): boolean => kind === clip && low === 0 && high === Number.POSITIVE_INFINITY;
  return joined.map((step) => (isRelu(step) ? functionStep("relu") : step));
}
