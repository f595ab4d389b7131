/**
 * Scalar expressions: the value of one element, before it becomes instructions.
 *
 * Expressions of one builder are hash-consed: equal expressions are the same object, so shared work is computed once.
 * Constants fold and neutral operands vanish as expressions are made. An Index is a position: affine in the loops, plus
 * scaled integer expressions where a gather or an awkward reshape needs them; it knows its range, so that exact
 * divisions stay affine and needless bounds checks disappear.
 */
import type { Combine } from "../backend/loop-nest.ts";
import { applyScalar, type ScalarOperator, scalarOperators } from "../backend/scalar-operator.ts";
import { type DType, isFloat } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

/** A scalar value; `loops` is a bit mask of the loops it depends on. */
export interface Expression {
  readonly id: number;
  readonly dtype: DType;
  readonly node:
    | { readonly kind: "constant"; readonly value: number }
    | { readonly kind: "position"; readonly index: Index }
    | { readonly kind: "load"; readonly tensor: Tensor; readonly index: Index; readonly guard: Expression | undefined }
    | { readonly kind: "apply"; readonly operator: ScalarOperator; readonly operands: readonly Expression[] }
    | { readonly kind: "reduce"; readonly combine: Combine; readonly value: Expression };
  /** Known range of an integer expression. */
  readonly minimum: number;
  readonly maximum: number;
}

/** offset + sum strides[loop] * loop + sum stride * value. */
export interface Index {
  readonly offset: number;
  readonly strides: readonly number[];
  readonly computed: readonly { readonly value: Expression; readonly stride: number }[];
}

/** Makes the expressions of one kernel over loops of the given extents. */
export class ExpressionBuilder {
  /** Extents of all loops, output loops first. */
  readonly extents: readonly number[];
  readonly #interned = new Map<string, Expression>();

  constructor(extents: readonly number[]) {
    this.extents = extents;
  }

  #intern(
    key: string,
    dtype: DType,
    node: Expression["node"],
    minimum = -(2 ** 31),
    maximum = 2 ** 31 - 1,
  ): Expression {
    let found = this.#interned.get(key);
    if (!found) {
      found = { id: this.#interned.size, dtype, node, minimum, maximum };
      this.#interned.set(key, found);
    }
    return found;
  }

  constant(value: number, dtype: DType): Expression {
    const key = Object.is(value, -0) ? "-0" : String(value);
    return this.#intern(`c${dtype}:${key}`, dtype, { kind: "constant", value }, value, value);
  }

  load(tensor: Tensor, index: Index, guard?: Expression): Expression {
    if (guard && isConstant(guard)) {
      if (guard.node.value === 0) return this.constant(0, tensor.dtype);
      guard = undefined;
    }
    const key = `l${tensor.id}:${indexKey(index)}:${guard?.id ?? ""}`;
    return this.#intern(key, tensor.dtype, { kind: "load", tensor, index, guard });
  }

  reduce(combine: Combine, value: Expression): Expression {
    return this.#intern(`r${combine}:${value.id}`, value.dtype, { kind: "reduce", combine, value });
  }

  /** Applies a scalar operator; `dtype` is needed for casts only. */
  apply(operator: ScalarOperator, operands: readonly Expression[], dtype?: DType): Expression {
    const rule = scalarOperators[operator].result;
    const last = operands[operands.length - 1];
    const result = rule === "bool" ? "bool" : rule === "cast" ? (dtype ?? last.dtype) : last.dtype;
    if (operator === "cast" && last.dtype === result) return last;
    if (operands.every(isConstant)) {
      const values = operands.map((operand) => (operand.node as { value: number }).value);
      return this.constant(applyScalar(operator, values, last.dtype, result), result);
    }
    const simpler = simplify(this, operator, operands);
    if (simpler) return simpler;
    const key = `a${operator}:${result}:${operands.map((operand) => operand.id).join(",")}`;
    const [minimum, maximum] = integerRange(operator, operands);
    return this.#intern(key, result, { kind: "apply", operator, operands }, minimum, maximum);
  }

  // Positions.

  /** The position along one loop. */
  loop(loop: number): Index {
    return {
      offset: 0,
      strides: this.extents.map((_, l) => (l === loop && this.extents[l] > 1 ? 1 : 0)),
      computed: [],
    };
  }

  fixed(offset: number): Index {
    return { offset, strides: this.extents.map(() => 0), computed: [] };
  }

  fromExpression(value: Expression): Index {
    if (isConstant(value)) return this.fixed(value.node.value);
    if (value.node.kind === "position") return value.node.index;
    return { ...this.fixed(0), computed: [{ value, stride: 1 }] };
  }

  addIndex(a: Index, b: Index | number): Index {
    if (typeof b === "number") return b === 0 ? a : { ...a, offset: a.offset + b };
    const computed = [...a.computed];
    for (const term of b.computed) {
      const at = computed.findIndex((other) => other.value === term.value);
      if (at < 0) computed.push(term);
      else computed[at] = { value: term.value, stride: computed[at].stride + term.stride };
    }
    return {
      offset: a.offset + b.offset,
      strides: a.strides.map((stride, loop) => stride + b.strides[loop]),
      computed,
    };
  }

  scaleIndex(a: Index, factor: number): Index {
    if (factor === 1) return a;
    if (factor === 0) return this.fixed(0);
    return {
      offset: a.offset * factor,
      strides: a.strides.map((stride) => stride * factor),
      computed: a.computed.map(({ value, stride }) => ({ value, stride: stride * factor })),
    };
  }

  /** Smallest and largest value of an index. */
  range(a: Index): [number, number] {
    let minimum = a.offset;
    let maximum = a.offset;
    a.strides.forEach((stride, loop) => {
      const reach = stride * Math.max(0, this.extents[loop] - 1);
      if (reach < 0) minimum += reach;
      else maximum += reach;
    });
    for (const { value, stride } of a.computed) {
      const ends = [value.minimum * stride, value.maximum * stride];
      minimum += Math.min(...ends);
      maximum += Math.max(...ends);
    }
    return [minimum, maximum];
  }

  /** floor(a / divisor) and a mod divisor, affine where the terms split exactly. */
  divideIndex(a: Index, divisor: number): [quotient: Index, remainder: Index] {
    if (divisor === 1) return [a, this.fixed(0)];
    // An axis without elements has no positions; whatever is said of them must be a number.
    if (divisor === 0) return [this.fixed(0), this.fixed(0)];
    const [low, high] = this.range(a);
    if (low >= 0 && high < divisor) return [this.fixed(0), a];
    const whole = (stride: number): boolean => stride % divisor === 0;
    const quotientOffset = Math.floor(a.offset / divisor);
    const rest: Index = {
      offset: a.offset - quotientOffset * divisor,
      strides: a.strides.map((stride) => (whole(stride) ? 0 : stride)),
      computed: a.computed.filter((term) => !whole(term.stride)),
    };
    const [restLow, restHigh] = this.range(rest);
    const quotient: Index = {
      offset: quotientOffset,
      strides: a.strides.map((stride) => (whole(stride) ? stride / divisor : 0)),
      computed: a.computed
        .filter((term) => whole(term.stride))
        .map((t) => ({ value: t.value, stride: t.stride / divisor })),
    };
    if (restLow >= 0 && restHigh < divisor) return [quotient, rest];
    const by = this.constant(divisor, "int32");
    const value = this.position(rest);
    return [
      this.addIndex(quotient, this.fromExpression(this.apply("floorDivide", [value, by]))),
      this.fromExpression(this.apply("remainder", [value, by])),
    ];
  }

  /** The index as an int32 value. */
  position(a: Index): Expression {
    if (a.computed.length === 1 && a.offset === 0 && a.computed[0].stride === 1 && a.strides.every((s) => s === 0)) {
      return a.computed[0].value;
    }
    if (a.computed.length === 0 && a.strides.every((s) => s === 0)) return this.constant(a.offset, "int32");
    const [minimum, maximum] = this.range(a);
    return this.#intern(`p${indexKey(a)}`, "int32", { kind: "position", index: a }, minimum, maximum);
  }

  /** Whether 0 <= a < extent; a constant when the range decides it. */
  inRange(a: Index, extent: number): Expression {
    const [low, high] = this.range(a);
    if (low >= 0 && high < extent) return this.constant(1, "bool");
    if (high < 0 || low >= extent) return this.constant(0, "bool");
    const value = this.position(a);
    const below = high < extent ? undefined : this.apply("less", [value, this.constant(extent, "int32")]);
    const above = low >= 0 ? undefined : this.apply("greaterEqual", [value, this.constant(0, "int32")]);
    return above && below ? this.apply("and", [above, below]) : (above ?? below ?? this.constant(1, "bool"));
  }
}

/** Whether an expression is a constant. */
export function isConstant(
  expression: Expression,
): expression is Expression & { node: { kind: "constant"; value: number } } {
  return expression.node.kind === "constant";
}

/** A string that is equal for equal indices. */
export function indexKey(index: Index): string {
  const computed = index.computed.map((term) => `${term.value.id}*${term.stride}`).join("+");
  return `${index.offset};${index.strides.join(",")};${computed}`;
}

function simplify(
  builder: ExpressionBuilder,
  operator: ScalarOperator,
  operands: readonly Expression[],
): Expression | undefined {
  const [a, b, c] = operands;
  const is = (e: Expression, value: number): boolean => isConstant(e) && e.node.value === value;
  switch (operator) {
    case "add":
      // x + 0 keeps -0 + 0 = 0 out of the picture: -0 is indistinguishable to everything but 1/x.
      return is(b, 0) ? a : is(a, 0) ? b : undefined;
    case "subtract":
      return is(b, 0) ? a : undefined;
    case "multiply":
      if (is(b, 1)) return a;
      if (is(a, 1)) return b;
      return !isFloat(a.dtype) && (is(a, 0) || is(b, 0)) ? builder.constant(0, a.dtype) : undefined;
    case "divide":
      return is(b, 1) ? a : undefined;
    case "floorDivide":
      return !isFloat(a.dtype) && is(b, 1) ? a : undefined;
    case "and":
      if (a === b || is(b, 1)) return a;
      return is(a, 1) ? b : is(a, 0) ? a : is(b, 0) ? b : undefined;
    case "or":
      if (a === b || is(b, 0)) return a;
      return is(a, 0) ? b : is(a, 1) ? a : is(b, 1) ? b : undefined;
    case "where":
      if (b === c) return b;
      return is(a, 1) ? b : is(a, 0) ? c : undefined;
    default:
      return undefined;
  }
}

function integerRange(operator: ScalarOperator, operands: readonly Expression[]): [number, number] {
  const [a, b] = operands;
  if (operator === "floorDivide" && isConstant(b) && b.node.value > 0) {
    return [Math.floor(a.minimum / b.node.value), Math.floor(a.maximum / b.node.value)];
  }
  if (operator === "remainder" && isConstant(b) && b.node.value > 0) return [0, b.node.value - 1];
  return [-(2 ** 31), 2 ** 31 - 1];
}
