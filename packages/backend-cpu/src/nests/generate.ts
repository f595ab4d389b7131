/**
 * Loop nests to JavaScript source.
 *
 * Loops become nested `for` statements. The offset of every affine load is strength-reduced: each loop level adds its
 * stride, so the innermost body indexes with plain sums of locals. Instructions that do not depend on an inner loop are
 * computed outside it. Values are JavaScript numbers (doubles), rounded when they are stored; integers are kept in
 * their own range by `| 0`, `>>> 0` and `& 255`.
 */
import type { DType, Instruction, LoopNest, ScalarOperator } from "@sconce/core";
import { instructionDType, isFloat, neutralElement } from "@sconce/core";

/** Source of a function body with parameters (inputs, outputs, helpers). */
export function generateSource(nest: LoopNest): string {
  return new Generator(nest).source();
}

const unaryMath: Partial<Record<ScalarOperator, string>> = {
  absolute: "Math.abs",
  sign: "Math.sign",
  floor: "Math.floor",
  ceil: "Math.ceil",
  sqrt: "Math.sqrt",
  exp: "Math.exp",
  expm1: "Math.expm1",
  log: "Math.log",
  log1p: "Math.log1p",
  sin: "Math.sin",
  cos: "Math.cos",
  tan: "Math.tan",
  tanh: "Math.tanh",
  round: "h.roundHalfEven",
  erf: "h.erf",
};

const infix: Partial<Record<ScalarOperator, string>> = {
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
  bitwiseAnd: "&",
  bitwiseOr: "|",
  bitwiseXor: "^",
  shiftLeft: "<<",
};

const comparisons: Partial<Record<ScalarOperator, string>> = {
  equal: "===",
  notEqual: "!==",
  less: "<",
  lessEqual: "<=",
  greater: ">",
  greaterEqual: ">=",
};

class Generator {
  readonly #nest: LoopNest;
  readonly #lines: string[] = [];
  #depth = 0;

  constructor(nest: LoopNest) {
    this.#nest = nest;
  }

  source(): string {
    const { shape, reduce, inputs, stores, body, epilogue } = this.#nest;
    this.#line('"use strict";');
    inputs.forEach((_, i) => {
      this.#line(`const x${i} = inputs[${i}];`);
    });
    stores.forEach((_, i) => {
      this.#line(`const y${i} = outputs[${i}];`);
    });
    this.#line("let at = 0;");
    const outer = shape.length;
    const bodyPlan = plan(body, outer + (reduce?.extent.length ?? 0));
    const epiloguePlan = plan(epilogue, outer);
    this.#level(0, bodyPlan, epiloguePlan);
    return this.#lines.join("\n");
  }

  /** Emits what belongs to loop depth `depth` and, inside the next loop, everything deeper. */
  #level(depth: number, body: Placement, epilogue: Placement): void {
    const { shape, reduce, stores } = this.#nest;
    const outer = shape.length;
    this.#emit("b", this.#nest.body, body, depth);
    if (depth < outer) {
      this.#emit("e", this.#nest.epilogue, epilogue, depth);
      this.#loop(depth, shape[depth], () => this.#level(depth + 1, body, epilogue));
      return;
    }
    if (reduce) {
      reduce.accumulators.forEach(({ combine, dtype }, i) => {
        this.#line(`let a${i} = ${number(neutralElement(combine, dtype))};`);
      });
      this.#reduceLevel(depth, body);
      this.#emit("e", this.#nest.epilogue, epilogue, depth);
    }
    const values = reduce ? "e" : "b";
    stores.forEach(({ value, dtype }, i) => {
      this.#line(`y${i}[at] = ${stored(`${values}${value}`, dtype)};`);
    });
    this.#line("at++;");
  }

  #reduceLevel(depth: number, body: Placement): void {
    const { shape, reduce } = this.#nest;
    const extents = reduce?.extent ?? [];
    const loop = depth - shape.length;
    if (depth > shape.length) this.#emit("b", this.#nest.body, body, depth);
    if (loop < extents.length) {
      this.#loop(depth, extents[loop], () => this.#reduceLevel(depth + 1, body));
      return;
    }
    reduce?.accumulators.forEach(({ value, combine, dtype }, i) => {
      this.#line(accumulate(`a${i}`, `b${value}`, combine, dtype));
    });
  }

  #loop(depth: number, extent: number, inside: () => void): void {
    this.#line(`for (let i${depth} = 0; i${depth} < ${extent}; i${depth}++) {`);
    this.#depth++;
    inside();
    this.#depth--;
    this.#line("}");
  }

  /** Instructions of a list that belong directly inside loop `depth - 1`. */
  #emit(prefix: "b" | "e", list: readonly Instruction[], placement: Placement, depth: number): void {
    for (const base of placement.bases[depth] ?? []) {
      const above = base.previous === undefined ? "" : `${prefix}p${base.load}_${base.previous} + `;
      this.#line(`const ${prefix}p${base.load}_${depth} = ${above}${base.expression};`);
    }
    for (const i of placement.at[depth] ?? [])
      this.#line(`const ${prefix}${i} = ${this.#value(prefix, list, placement, i)};`);
  }

  #value(prefix: "b" | "e", list: readonly Instruction[], placement: Placement, i: number): string {
    const instruction = list[i];
    switch (instruction.kind) {
      case "constant":
        return number(instruction.value);
      case "index":
        return `i${instruction.axis}`;
      case "accumulator":
        return `a${instruction.index}`;
      case "load": {
        const { access, guard, input, dtype } = instruction;
        const level = placement.baseLevel.get(i);
        const offset = access.kind === "computed" ? `${prefix}${access.index}` : `${prefix}p${i}_${level}`;
        const element = `x${input}[${offset}]`;
        const value = dtype === "float16" ? `h.halfToFloat(${element})` : element;
        return guard === undefined ? value : `${prefix}${guard} ? ${value} : 0`;
      }
      case "apply": {
        const operands = instruction.operands.map((o) => `${prefix}${o}`);
        const from = instructionDType(this.#nest, list[instruction.operands[instruction.operands.length - 1]]);
        return operation(instruction.operator, operands, instruction.dtype, from);
      }
    }
  }

  #line(text: string): void {
    this.#lines.push("  ".repeat(this.#depth) + text);
  }
}

/** Where each instruction goes: the depth of the innermost loop it depends on. */
interface Placement {
  readonly at: number[][];
  readonly bases: { load: number; previous: number | undefined; expression: string }[][];
  readonly baseLevel: Map<number, number>;
}

function plan(list: readonly Instruction[], loops: number): Placement {
  const depth: number[] = [];
  const at: number[][] = Array.from({ length: loops + 1 }, () => []);
  const bases: Placement["bases"] = Array.from({ length: loops + 1 }, () => []);
  const baseLevel = new Map<number, number>();
  list.forEach((instruction, i) => {
    let level = 0;
    if (instruction.kind === "index") level = instruction.axis + 1;
    else if (instruction.kind === "accumulator") level = loops;
    else if (instruction.kind === "apply")
      for (const operand of instruction.operands) level = Math.max(level, depth[operand]);
    else if (instruction.kind === "load") {
      if (instruction.guard !== undefined) level = depth[instruction.guard];
      if (instruction.access.kind === "computed") level = Math.max(level, depth[instruction.access.index]);
      else {
        const { offset, strides } = instruction.access;
        let previous: number | undefined;
        strides.forEach((stride, loop) => {
          if (stride === 0) return;
          const term = stride === 1 ? `i${loop}` : `i${loop} * ${number(stride)}`;
          const expression: string = previous === undefined && offset !== 0 ? `${number(offset)} + ${term}` : term;
          bases[loop + 1].push({ load: i, previous, expression });
          previous = loop + 1;
        });
        if (previous === undefined) {
          bases[0].push({ load: i, previous, expression: String(offset) });
          previous = 0;
        }
        baseLevel.set(i, previous);
        level = Math.max(level, previous);
      }
    }
    depth[i] = level;
    at[level].push(i);
  });
  return { at, bases, baseLevel };
}

function operation(operator: ScalarOperator, [a, b, c]: readonly string[], dtype: DType, from: DType): string {
  const comparison = comparisons[operator];
  if (comparison) return `${a} ${comparison} ${b} ? 1 : 0`;
  const math = unaryMath[operator];
  if (math) return wrap(`${math}(${a})`, dtype);
  if (operator === "multiply" && !isFloat(dtype)) return wrap(`Math.imul(${a}, ${b})`, dtype);
  const sign = infix[operator];
  if (sign) return wrap(`${a} ${sign} ${b}`, dtype);
  switch (operator) {
    case "negate":
      return wrap(`-${a}`, dtype);
    case "not":
      return `${a} ? 0 : 1`;
    case "and":
      return `${a} & ${b}`;
    case "or":
      return `${a} | ${b}`;
    case "maximum":
    case "minimum":
      return `Math.${operator === "maximum" ? "max" : "min"}(${a}, ${b})`;
    case "shiftRight":
      return wrap(`${a} ${dtype === "int32" ? ">>" : ">>>"} ${b}`, dtype);
    case "floorDivide":
      return wrap(`Math.floor(${a} / ${b})`, dtype);
    case "where":
      return `${a} ? ${b} : ${c}`;
    case "cast":
      return convert(a, from, dtype);
    default:
      return wrap(`h.${operator}(${a}, ${b})`, dtype);
  }
}

function convert(value: string, from: DType, to: DType): string {
  if (to === "bool") return `${value} !== 0 ? 1 : 0`;
  if (isFloat(to))
    return to === "float16"
      ? `h.roundToHalf(${value})`
      : to === "float32" && from === "float64"
        ? `Math.fround(${value})`
        : value;
  return wrap(value, to);
}

/** Keeps integer results in the range of their dtype. */
function wrap(expression: string, dtype: DType): string {
  if (dtype === "int32") return `(${expression}) | 0`;
  if (dtype === "uint32") return `(${expression}) >>> 0`;
  return dtype === "uint8" ? `(${expression}) & 255` : expression;
}

function accumulate(target: string, value: string, combine: string, dtype: DType): string {
  switch (combine) {
    case "sum":
      return isFloat(dtype) ? `${target} += ${value};` : `${target} = ${wrap(`${target} + ${value}`, dtype)};`;
    case "product":
      return isFloat(dtype)
        ? `${target} *= ${value};`
        : `${target} = ${wrap(`Math.imul(${target}, ${value})`, dtype)};`;
    default:
      return `${target} = Math.${combine}(${target}, ${value});`;
  }
}

function stored(value: string, dtype: DType): string {
  return dtype === "float16" ? `h.floatToHalf(${value})` : value;
}

function number(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (Number.isNaN(value)) return "NaN";
  return value < 0 ? `(${String(value)})` : String(value);
}
