/**
 * An epilogue as a chain of post-operations (addon/dnnl/post_operations.h): each instruction must take the value so far
 * once, beside a constant or an operand.
 */
import type { Instruction, NestEpilogue, OpRequest, ScalarOperator } from "@sconce/core";

const kinds = ["relu", "linear", "clip", "tanh", "exp", "square", "add", "multiply", "subtract", "maximum", "minimum"];
const shapes = ["element", "row", "column"];

type Step = readonly number[];

/** What an instruction stands for: the value so far, a constant, or an operand. */
type Meaning =
  | { readonly kind: "value" }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "operand"; readonly number: number };

/** The numbers of the chain that the request's epilogue is, or undefined where it is none. */
export function describePostOperations({ epilogue }: OpRequest): readonly number[] | undefined {
  if (!epilogue) return [0];
  const { operands, instructions, value } = epilogue as NestEpilogue;
  const meanings: (Meaning | undefined)[] = [];
  const steps: Step[] = [];
  // The instruction that holds the value so far: only the last one may be used.
  let latest = -1;
  for (const [at, instruction] of instructions.entries()) {
    const meaning = meaningOf(instruction);
    meanings.push(meaning);
    if (meaning?.kind === "value") {
      if (latest >= 0) return undefined;
      latest = at;
    }
    if (meaning || instruction.kind !== "apply") continue;
    const places = instruction.operands.flatMap((operand, place) => (operand === latest ? [place] : []));
    if (places.length === 0) return undefined;
    const others = instruction.operands.filter((operand) => operand !== latest).map((operand) => meanings[operand]);
    const step = stepOf(instruction.operator, places, others, operands);
    if (!step) return undefined;
    steps.push(...step);
    meanings[at] = { kind: "value" };
    latest = at;
  }
  if (value !== latest || isUsedTwice(instructions)) return undefined;
  const chain = joinClips(steps);
  const used = chain.filter(([kind]) => kind >= kinds.indexOf("add")).map(([, , operand]) => operand);
  const eachOnce = used.length === operands.length && new Set(used).size === operands.length;
  return eachOnce ? [chain.length, ...chain.flat()] : undefined;
}

function meaningOf(instruction: Instruction): Meaning | undefined {
  if (instruction.kind === "constant") return { kind: "constant", value: instruction.value };
  if (instruction.kind !== "load") return undefined;
  return instruction.input === 0 ? { kind: "value" } : { kind: "operand", number: instruction.input - 1 };
}

/** Whether a value on the way to the result has two readers, so that there is no chain. */
function isUsedTwice(instructions: readonly Instruction[]): boolean {
  const readers = instructions.map(() => 0);
  for (const instruction of instructions) {
    if (instruction.kind === "apply") for (const operand of new Set(instruction.operands)) readers[operand]++;
  }
  return instructions.some((instruction, at) => instruction.kind !== "constant" && readers[at] > 1);
}

const functionStep = (kind: string, alpha = 0, beta = 0): Step => [kinds.indexOf(kind), alpha, beta];

function stepOf(
  operator: ScalarOperator,
  [place]: readonly number[],
  others: readonly (Meaning | undefined)[],
  operands: NestEpilogue["operands"],
): readonly Step[] | undefined {
  if (others.length === 0) {
    if (operator === "negate") return [functionStep("linear", -1)];
    if (operator === "multiply") return [functionStep("square")];
    return operator === "tanh" || operator === "exp" ? [functionStep(operator)] : undefined;
  }
  const [other] = others;
  if (others.length > 1 || !other || other.kind === "value") return undefined;
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
    case "maximum":
      return [value === 0 ? functionStep("relu") : functionStep("clip", value, 3.4028234663852886e38)];
    case "minimum":
      return [functionStep("clip", -3.4028234663852886e38, value)];
    default:
      return undefined;
  }
}

/** max(x, 0) and then min(..., high) are one step. */
function joinClips(steps: readonly Step[]): readonly Step[] {
  const [relu, clip] = [kinds.indexOf("relu"), kinds.indexOf("clip")];
  const joined: Step[] = [];
  for (const step of steps) {
    const last = joined[joined.length - 1];
    if (last && last[0] === relu && step[0] === clip && step[2] > 0) joined[joined.length - 1] = [clip, 0, step[2]];
    else joined.push(step);
  }
  return joined;
}
