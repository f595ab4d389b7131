/** Random programs: fused, planned and replayed, they give what their ops give one by one. */
import {
  type Backend,
  compile,
  type DType,
  evaluateAll,
  fromHost,
  type HostArray,
  Param,
  type Tensor,
  withBackend,
} from "@sconce/core";
import * as fc from "fast-check";
import type { BackendCheck } from "../check.ts";
import { expectClose } from "../compare.ts";
import { Random } from "../random.ts";
import { tensorsOf } from "../samples/op-sample.ts";
import { poisoned } from "../wrap-backend.ts";
import { type GraphDescription, graphDescriptions, grow, shapeOf } from "./graph-description.ts";

type Numbers = Awaited<ReturnType<Tensor["data"]>>;

/** What each of several turns gave, and what the variables hold after the last. */
interface Run {
  readonly turns: readonly (readonly Numbers[])[];
  readonly variables: readonly Numbers[];
}

const turns = 3;

function wholeNumbers(numbers: readonly number[], random: Random): HostArray[] {
  return numbers.map((number) => {
    const array = random.array(shapeOf(number), "float32");
    return { ...array, data: array.data.map(() => random.integer(0, 10)) as HostArray["data"] };
  });
}

/** The arguments of every turn, and the first values of the variables. */
function dataOf({ inputs, variables, seed }: GraphDescription): {
  readonly given: HostArray[][];
  readonly initial: HostArray[];
} {
  const random = new Random(seed);
  const given = Array.from({ length: turns }, () => wholeNumbers(inputs, random));
  return { given, initial: wholeNumbers(variables, random) };
}

/** One compiled step, replayed. Variables are read at the end only: a value that someone holds is never overwritten. */
async function runCompiled(description: GraphDescription, dtypes: readonly DType[]): Promise<Run> {
  const { given, initial } = dataOf(description);
  const variables = initial.map((array) => new Param(array, fromHost(array)));
  const step = compile((inputs: Tensor[]) => {
    const growing = grow(
      description,
      inputs,
      variables.map((variable) => variable.value),
      dtypes,
    );
    let next = growing.next();
    while (!next.done) next = growing.next();
    next.value.assigned.forEach((tensor, i) => {
      variables[i].assign(tensor);
    });
    return next.value.outputs;
  });
  const results: Tensor[][] = [];
  for (const inputs of given) results.push(await step(tensorsOf(inputs)));
  const read = [];
  for (const outputs of results) read.push(await numbersOf(outputs));
  const final = await numbersOf(variables.map((variable) => variable.value));
  step.dispose();
  return { turns: read, variables: final };
}

/** The same, one op at a time. */
async function runOneByOne(description: GraphDescription, dtypes: readonly DType[]): Promise<Run> {
  const { given, initial } = dataOf(description);
  let variables = tensorsOf(initial);
  const read = [];
  for (const inputs of given) {
    const growing = grow(description, tensorsOf(inputs), variables, dtypes);
    let next = growing.next();
    while (!next.done) {
      await evaluateAll(next.value);
      next = growing.next();
    }
    read.push(await numbersOf(next.value.outputs));
    variables = next.value.assigned;
  }
  return { turns: read, variables: await numbersOf(variables) };
}

async function numbersOf(tensors: readonly Tensor[]): Promise<Numbers[]> {
  const values: Numbers[] = [];
  for (const tensor of tensors) values.push(await tensor.data());
  return values;
}

async function compareGraph(backend: Backend, description: GraphDescription): Promise<void> {
  const usable: readonly DType[] = ["float32", "float64", "float16", "int32", "uint8", "bool"];
  const dtypes = usable.filter((dtype) => backend.capabilities.dtypes.includes(dtype));
  const fused = await withBackend(poisoned(backend), () => runCompiled(description, dtypes));
  const single = await withBackend(backend, () => runOneByOne(description, dtypes));
  const compare = (actual: readonly Numbers[], expected: readonly Numbers[], what: string): void => {
    expected.forEach((values, i) => {
      expectClose(actual[i], values, 0, (element) => `${what} ${i}, element ${element}`);
    });
  };
  single.turns.forEach((expected, turn) => {
    compare(fused.turns[turn], expected, `turn ${turn}: output`);
  });
  compare(fused.variables, single.variables, "variable");
}

export const graphChecks: readonly BackendCheck[] = [
  {
    name: "random programs give what their ops give one by one",
    run: async (backend, { runs, seed }) => {
      await fc.assert(
        fc.asyncProperty(graphDescriptions, (description) => compareGraph(backend, description)),
        { numRuns: runs, ...(seed !== undefined && { seed }) },
      );
    },
  },
];
