/**
 * Random graphs of core's ops. Every number in them is whole and small, so that floats are exact whatever the order of
 * the sums: a graph run as one fused program must give exactly what its ops give one by one.
 *
 * As with loop nests, fast-check draws only numbers; each is taken modulo what there is to choose from.
 */
import { type DType, type Shape, sameShape, type Tensor } from "@sconce/core";
import * as fc from "fast-check";
import { graphSteps, tame } from "./graph-steps.ts";

export interface GraphDescription {
  /** Shapes of the arguments and of the variables, by number. */
  readonly inputs: readonly number[];
  readonly variables: readonly number[];
  readonly steps: readonly {
    readonly op: number;
    readonly a: number;
    readonly b: number;
    readonly parameter: number;
  }[];
  readonly outputs: readonly number[];
  /** For each variable, the tensor it becomes. */
  readonly assignments: readonly number[];
  readonly seed: number;
}

const choice = fc.nat(99);

export const graphDescriptions: fc.Arbitrary<GraphDescription> = fc.record({
  inputs: fc.array(choice, { minLength: 1, maxLength: 3 }),
  variables: fc.array(choice, { maxLength: 3 }),
  steps: fc.array(fc.record({ op: choice, a: choice, b: choice, parameter: choice }), { minLength: 1, maxLength: 12 }),
  outputs: fc.array(choice, { minLength: 1, maxLength: 3 }),
  assignments: fc.array(choice, { minLength: 3, maxLength: 3 }),
  seed: fc.nat(999),
});

const shapes: readonly Shape[] = [[2, 3], [3], [4], [2, 3, 2], [3, 2], [1, 3], [], [8], [2, 2], [0, 3]];

/** The shape that a number of the description stands for. */
export function shapeOf(number: number): Shape {
  return shapes[number % shapes.length];
}

/** What the graph gives, and what its variables become. */
export interface Grown {
  readonly outputs: Tensor[];
  readonly assigned: Tensor[];
}

/** Grows the graph, handing out every tensor as it is made. */
export function* grow(
  description: GraphDescription,
  inputs: readonly Tensor[],
  variables: readonly Tensor[],
  dtypes: readonly DType[],
): Generator<Tensor, Grown> {
  const values = [...inputs, ...variables];
  for (const { op, a, b, parameter } of description.steps) {
    const step = graphSteps[op % graphSteps.length];
    const made = step(values[a % values.length], values[b % values.length], parameter, dtypes);
    if (!made || made.size > 300) continue;
    yield made;
    values.push(made);
  }
  const assigned = variables.map((variable, i) => {
    const start = description.assignments[i];
    const fitting = values.filter((value) => value.dtype === variable.dtype && sameShape(value.shape, variable.shape));
    return start % 3 === 0
      ? tame(variable.add(values[start % values.length].cast("float32").sum()))
      : fitting[start % fitting.length];
  });
  for (const tensor of assigned) yield tensor;
  return {
    outputs: description.outputs.map((output) => values[values.length - 1 - (output % values.length)]),
    assigned,
  };
}
