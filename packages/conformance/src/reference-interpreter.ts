/**
 * The meaning of a loop nest, as plainly as it can be said. Floats are computed in double precision and rounded where
 * they are stored; integers are exact.
 *
 * Beside each value goes its magnitude: what the same expression gives when nothing cancels, as if every term were
 * positive. Rounding errors are proportional to it, so it is the scale on which a backend's floats are compared.
 */
import {
  applyScalar,
  type Combine,
  type DType,
  type Instruction,
  instructionDType,
  isFloat,
  type LoopNest,
  neutralElement,
  roundTo,
  type ScalarOperator,
  type Shape,
  scalarOperators,
  sizeOf,
} from "@sconce/core";

/** A number and the scale of its rounding errors. */
interface Measured {
  readonly value: number;
  readonly magnitude: number;
}

/** What one store holds after the nest has run. */
export interface ReferenceResult {
  readonly values: Float64Array;
  readonly magnitudes: Float64Array;
}

const combining: Readonly<Record<Combine, ScalarOperator>> = {
  sum: "add",
  product: "multiply",
  max: "maximum",
  min: "minimum",
};

/** Runs `nest` on inputs given as numbers. */
export function interpretNest(nest: LoopNest, inputs: readonly ArrayLike<number>[]): ReferenceResult[] {
  const size = sizeOf(nest.shape);
  const results = nest.stores.map(() => ({ values: new Float64Array(size), magnitudes: new Float64Array(size) }));
  positions(nest.shape).forEach((position, at) => {
    const totals = nest.reduce ? reduceAt(nest, inputs, position) : [];
    const list = nest.reduce ? nest.epilogue : nest.body;
    const computed = runList(nest, list, inputs, position, totals);
    nest.stores.forEach(({ value, dtype }, i) => {
      results[i].values[at] = roundTo(computed[value].value, dtype);
      results[i].magnitudes[at] = computed[value].magnitude;
    });
  });
  return results;
}

/** Every position of `shape`, row by row. */
export function positions(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (before, extent) => before.flatMap((start) => Array.from({ length: extent }, (_, i) => [...start, i])),
    [[]],
  );
}

/** The accumulators at one output position. */
function reduceAt(nest: LoopNest, inputs: readonly ArrayLike<number>[], position: readonly number[]): Measured[] {
  const { extent, accumulators } = nest.reduce as NonNullable<LoopNest["reduce"]>;
  const totals = accumulators.map(({ combine, dtype }): Measured => {
    const value = neutralElement(combine, dtype);
    return { value, magnitude: Number.isFinite(value) ? Math.abs(value) : 0 };
  });
  for (const inner of positions(extent)) {
    const terms = runList(nest, nest.body, inputs, [...position, ...inner], []);
    accumulators.forEach(({ value, combine, dtype }, i) => {
      totals[i] = applyMeasured(combining[combine], [totals[i], terms[value]], dtype, dtype);
    });
  }
  return totals;
}

function runList(
  nest: LoopNest,
  list: readonly Instruction[],
  inputs: readonly ArrayLike<number>[],
  position: readonly number[],
  totals: readonly Measured[],
): Measured[] {
  const done: Measured[] = [];
  const exactly = (value: number): Measured => ({ value, magnitude: Math.abs(value) });
  for (const instruction of list) {
    switch (instruction.kind) {
      case "constant":
        done.push(exactly(instruction.value));
        break;
      case "index":
        done.push(exactly(position[instruction.axis]));
        break;
      case "accumulator":
        done.push(totals[instruction.index]);
        break;
      case "load":
        done.push(exactly(load(instruction, inputs, position, done)));
        break;
      case "apply": {
        const operands = instruction.operands.map((operand) => done[operand]);
        const from = instructionDType(nest, list[instruction.operands[instruction.operands.length - 1]]);
        done.push(applyMeasured(instruction.operator, operands, from, instruction.dtype));
      }
    }
  }
  return done;
}

function load(
  { input, access, guard }: Instruction & { kind: "load" },
  inputs: readonly ArrayLike<number>[],
  position: readonly number[],
  done: readonly Measured[],
): number {
  if (guard !== undefined && done[guard].value === 0) return 0;
  const at =
    access.kind === "computed"
      ? done[access.index].value
      : access.strides.reduce((sum, stride, loop) => sum + stride * position[loop], access.offset);
  if (!(at >= 0 && at < inputs[input].length)) {
    throw new Error(`the nest itself is wrong: it loads element ${at} of ${inputs[input].length} of input ${input}.`);
  }
  return inputs[input][at];
}

function applyMeasured(operator: ScalarOperator, operands: readonly Measured[], from: DType, to: DType): Measured {
  const values = operands.map((operand) => operand.value);
  if (!isFloat(to)) {
    const value = applyScalar(operator, values, from, to);
    return { value, magnitude: Math.abs(value) };
  }
  const [a, b, c] = values;
  const value = scalarOperators[operator].evaluate(a, b, c, from);
  return { value: operator === "cast" ? roundTo(value, to) : value, magnitude: magnitudeOf(operator, operands, value) };
}

function magnitudeOf(operator: ScalarOperator, [a, b, c]: readonly Measured[], value: number): number {
  switch (operator) {
    case "add":
    case "subtract":
      return a.magnitude + b.magnitude;
    case "multiply":
      return a.magnitude * b.magnitude;
    case "maximum":
    case "minimum":
      return Math.max(a.magnitude, b.magnitude);
    case "where":
      return a.value ? b.magnitude : c.magnitude;
    default:
      return Math.max(a.magnitude, Math.abs(value));
  }
}
