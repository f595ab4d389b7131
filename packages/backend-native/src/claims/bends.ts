/**
 * Limits and leaky rectifiers, however they are written: max(x, a), min(x, b), and choices of whose pieces meet at the
 * place where they change, such as where(x < 6, max(x, 0), 6) and where(x > 0, x, 0.1 x).
 *
 * Each side of a choice is a piece s x limited to [low, high]; the two make one such piece, or a line bent at 0. What
 * becomes of NaN is not looked at.
 */
import type { Instruction } from "@sconce/core";

/** A function of the instruction `of`: its value limited to [low, high], or `slope` times it where it is negative. */
export type Bend =
  | { readonly kind: "clip"; readonly of: number; readonly low: number; readonly high: number }
  | { readonly kind: "relu"; readonly of: number; readonly slope: number };

/** min(max(slope x, low), high). */
interface Piece {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** The bend that the instruction `at` is, if it is one. */
export function bendOf(instructions: readonly Instruction[], at: number): Bend | undefined {
  return limitOf(instructions, at) ?? choiceOf(instructions, at);
}

/** max(x, a) or min(x, b). */
function limitOf(instructions: readonly Instruction[], at: number): (Bend & { readonly kind: "clip" }) | undefined {
  const instruction = instructions[at];
  if (instruction.kind !== "apply") return undefined;
  const { operator } = instruction;
  const found = besideConstant(instructions, instruction.operands);
  if (!found || (operator !== "maximum" && operator !== "minimum")) return undefined;
  const [low, high] =
    operator === "maximum" ? [found.value, Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, found.value];
  return { kind: "clip", of: found.of, low, high };
}

/** where(x < c, below, above), in any of the ways to write the comparison. */
function choiceOf(instructions: readonly Instruction[], at: number): Bend | undefined {
  const instruction = instructions[at];
  if (instruction.kind !== "apply" || instruction.operator !== "where") return undefined;
  const [condition, whenTrue, whenFalse] = instruction.operands;
  const comparison = instructions[condition];
  if (comparison.kind !== "apply") return undefined;
  const found = besideConstant(instructions, comparison.operands);
  const isLess = comparison.operator === "less" || comparison.operator === "lessEqual";
  const isGreater = comparison.operator === "greater" || comparison.operator === "greaterEqual";
  if (!found || !(isLess || isGreater)) return undefined;
  const { of, value: threshold } = found;
  const trueIsBelow = isLess === (found.place === 0);
  const below = pieceOf(instructions, trueIsBelow ? whenTrue : whenFalse, of);
  const above = pieceOf(instructions, trueIsBelow ? whenFalse : whenTrue, of);
  if (!below || !above) return undefined;
  const reaches = ({ slope, low, high }: Piece): boolean => slope === 1 && low <= threshold && high >= threshold;
  if (isConstant(above, threshold) && reaches(below)) return { kind: "clip", of, low: below.low, high: threshold };
  if (isConstant(below, threshold) && reaches(above)) return { kind: "clip", of, low: threshold, high: above.high };
  const isBent = threshold === 0 && isUnlimited(below) && isUnlimited(above) && above.slope === 1;
  return isBent ? { kind: "relu", of, slope: below.slope } : undefined;
}

/** The instruction `at` as a piece of a function of `of`. */
function pieceOf(instructions: readonly Instruction[], at: number, of: number): Piece | undefined {
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (at === of) return { slope: 1, low, high };
  const instruction = instructions[at];
  if (instruction.kind === "constant") return { slope: 0, low: instruction.value, high: instruction.value };
  if (instruction.kind !== "apply") return undefined;
  const found = besideConstant(instructions, instruction.operands);
  if (found?.of !== of) return undefined;
  if (instruction.operator === "multiply") return { slope: found.value, low, high };
  const limit = limitOf(instructions, at);
  return limit && { slope: 1, low: limit.low, high: limit.high };
}

const isConstant = ({ low, high }: Piece, value: number): boolean => low === value && high === value;

const isUnlimited = ({ low, high }: Piece): boolean =>
  low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY;

/** Of two operands of which just one is a constant: the other, its place, and the constant. */
function besideConstant(
  instructions: readonly Instruction[],
  operands: readonly number[],
): { readonly of: number; readonly place: number; readonly value: number } | undefined {
  const constants = operands.map((operand) => instructions[operand].kind === "constant");
  const place = constants.indexOf(false);
  const constant = instructions[operands[1 - place]];
  if (operands.length !== 2 || place < 0 || constant?.kind !== "constant") return undefined;
  return { of: operands[place], place, value: constant.value };
}
