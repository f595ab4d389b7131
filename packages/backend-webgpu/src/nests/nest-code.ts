/**
 * The statements of a nest's instructions: one `let` for each that is needed, in their order; constants and positions are
 * written where they are used. Loops are the i32 variables i0, i1, ..; `at` is the flat index of the output.
 */
import { type Instruction, instructionDType, type LoopNest, sizeOf, stridesOf } from "@sconce/core";
import { applyOperator } from "./operators.ts";
import { constant, type Use } from "./values.ts";

export interface ListCode {
  readonly statements: readonly string[];
  /** The expression of an instruction's value. */
  value(position: number): string;
}

interface ListOptions {
  readonly use: Use;
  /** Distinguishes the variables of body and epilogue. */
  readonly prefix: string;
  /** Instructions whose values are wanted. */
  readonly roots: readonly number[];
  /** Where an input is read at the output's own position and its value is at hand: the expression. */
  readonly ownValue?: (input: number) => string | undefined;
}

/** The code of `list`, which is the body or the epilogue of `nest`. */
export function listCode(nest: LoopNest, list: readonly Instruction[], options: ListOptions): ListCode {
  const { use, prefix, roots, ownValue } = options;
  const needed = reachable(list, roots);
  const expressions: string[] = [];
  const statements: string[] = [];
  list.forEach((instruction, position) => {
    if (!needed.has(position)) return;
    const dtype = instructionDType(nest, instruction);
    const name = `${prefix}${position}`;
    if (instruction.kind === "constant") expressions[position] = constant(instruction.value, dtype, use);
    else if (instruction.kind === "index") expressions[position] = `i${instruction.axis}`;
    else if (instruction.kind === "accumulator") expressions[position] = `total${instruction.index}`;
    else {
      expressions[position] = name;
      if (instruction.kind === "apply") {
        const operands = instruction.operands.map((operand) => expressions[operand]);
        if (isConstantExpression(instruction, list)) {
          // WGSL evaluates constant expressions itself, and refuses those that overflow or divide by zero.
          operands.forEach((operand, i) => {
            statements.push(`let ${name}_${i} = ${operand};`);
            operands[i] = `${name}_${i}`;
          });
        }
        const from = instructionDType(nest, list[instruction.operands[instruction.operands.length - 1]]);
        statements.push(`let ${name} = ${applyOperator(instruction.operator, dtype, from, operands, use)};`);
      } else {
        const own = isOwnPosition(nest, instruction) ? ownValue?.(instruction.input) : undefined;
        const read = own ?? `x${instruction.input}_at(${positionOf(nest, instruction, expressions)})`;
        if (instruction.guard === undefined) statements.push(`let ${name} = ${read};`);
        else {
          statements.push(`var ${name} = ${constant(0, dtype, use)};`);
          statements.push(`if (${expressions[instruction.guard]}) { ${name} = ${read}; }`);
        }
      }
    }
  });
  return { statements, value: (position) => expressions[position] };
}

/** Whether WGSL might compute an operator when it compiles the shader: of constants alone, or by a constant zero. */
function isConstantExpression(
  { operands }: Extract<Instruction, { kind: "apply" }>,
  list: readonly Instruction[],
): boolean {
  const last = list[operands[operands.length - 1]];
  return (
    operands.every((operand) => list[operand].kind === "constant") || (last.kind === "constant" && last.value === 0)
  );
}

type Load = Extract<Instruction, { kind: "load" }>;

/** Whether a load reads what an array of the nest's shape has at the output's position. */
export function isOwnPosition({ shape }: LoopNest, { access }: Load): boolean {
  if (access.kind !== "affine" || access.offset !== 0) return false;
  const own = stridesOf(shape);
  return access.strides.every((stride, loop) =>
    loop < shape.length ? shape[loop] === 1 || stride === own[loop] : stride === 0,
  );
}

/** The flat index of a load, of type u32. */
function positionOf(nest: LoopNest, load: Load, expressions: readonly string[]): string {
  const { access } = load;
  if (access.kind === "computed") return `u32(${expressions[access.index]})`;
  if (isOwnPosition(nest, load)) return "at";
  const extents = extentsOf(nest);
  const terms = access.strides.flatMap((stride, loop) =>
    stride === 0 || extents[loop] === 1 ? [] : [stride === 1 ? `i${loop}` : `i${loop} * ${stride}`],
  );
  if (terms.length === 0) return access.offset < 0 ? `bitcast<u32>(${access.offset}i)` : `${access.offset}u`;
  if (access.offset !== 0) terms.push(String(access.offset));
  return `u32(${terms.join(" + ")})`;
}

/** Extents of all loops. */
export function extentsOf({ shape, reduce }: LoopNest): readonly number[] {
  return [...shape, ...(reduce?.extent ?? [])];
}

/** The loops whose variables the instructions name. */
export function loopsUsed(nest: LoopNest, list: readonly Instruction[], roots: readonly number[]): ReadonlySet<number> {
  const extents = extentsOf(nest);
  const loops = new Set<number>();
  for (const position of reachable(list, roots)) {
    const instruction = list[position];
    if (instruction.kind === "index") loops.add(instruction.axis);
    if (instruction.kind !== "load" || instruction.access.kind !== "affine" || isOwnPosition(nest, instruction))
      continue;
    instruction.access.strides.forEach((stride, loop) => {
      if (stride !== 0 && extents[loop] !== 1) loops.add(loop);
    });
  }
  return loops;
}

/** Statements that give the loops `first`, `first + 1`, .. their positions in a flat index. */
export function unravel(
  flat: string,
  extents: readonly number[],
  first: number,
  used: ReadonlySet<number>,
): readonly string[] {
  return extents.flatMap((extent, axis) => {
    if (!used.has(first + axis)) return [];
    const inner = sizeOf(extents.slice(axis + 1));
    const outer = inner === 1 ? flat : `${flat} / ${inner}u`;
    const all =
      sizeOf(extents.slice(0, axis)) === 1 ? outer : inner === 1 ? `${outer} % ${extent}u` : `(${outer}) % ${extent}u`;
    return [`let i${first + axis} = i32(${all});`];
  });
}

function reachable(list: readonly Instruction[], roots: readonly number[]): ReadonlySet<number> {
  const needed = new Set<number>();
  const visit = (position: number): void => {
    if (needed.has(position)) return;
    needed.add(position);
    const instruction = list[position];
    if (instruction.kind === "apply") instruction.operands.forEach(visit);
    if (instruction.kind !== "load") return;
    if (instruction.access.kind === "computed") visit(instruction.access.index);
    if (instruction.guard !== undefined) visit(instruction.guard);
  };
  roots.forEach(visit);
  return needed;
}
