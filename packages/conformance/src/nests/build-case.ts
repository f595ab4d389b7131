/** From a description that fast-check drew to a loop nest, with data to run it on. */
import { type Accumulator, type Backend, type Combine, type DType, type LoopNest, sizeOf } from "@sconce/core";
import { Random } from "../random.ts";
import type { NestCase } from "./compare-nest.ts";
import { InstructionList } from "./instruction-list.ts";
import { type InputNeeds, LoadBuilder } from "./load-builder.ts";
import type { NestDescription } from "./nest-description.ts";

/** More turns than this through the innermost loop take too long on an interpreter. */
const maximumTurns = 1500;

/** The nest that a description stands for, in the dtypes and within the limits of `backend`. */
export function buildCase(description: NestDescription, { capabilities }: Backend): NestCase {
  const { dtypes } = capabilities;
  const [loops, reduceLoops] = limited(description.loops, description.reduce ?? []);
  const inputs = inputNeeds(description, dtypes, capabilities.maximumInputs);
  const available: readonly DType[] = [...new Set<DType>([...dtypes, "int32", "bool"])];
  const body = new InstructionList(available);
  const bodyLoads = new LoadBuilder(body, [...loops, ...reduceLoops], inputs);
  for (const load of description.bodyLoads) bodyLoads.add(load);
  for (const step of description.bodySteps) body.step(step);
  const { maximumOutputs, maximumBuffers = Number.POSITIVE_INFINITY } = capabilities;
  const storesOf = (list: InstructionList): LoopNest["stores"] =>
    description.stores.slice(0, Math.min(maximumOutputs, maximumBuffers - inputs.dtypes.length)).map((choice) => {
      const value = list.storable(choice, dtypes);
      return { value, dtype: list.dtypes[value] };
    });
  let nest: LoopNest;
  if (description.reduce) {
    const accumulators = description.accumulators.map(({ value, combine }) => accumulatorOf(body, value, combine));
    const epilogue = new InstructionList(available);
    accumulators.forEach((accumulator, index) => {
      const exact = body.exact[accumulator.value] && !["sum", "product"].includes(accumulator.combine);
      epilogue.offer(epilogue.push({ kind: "accumulator", index }, accumulator.dtype, exact));
    });
    const epilogueLoads = new LoadBuilder(epilogue, loops, inputs);
    for (const load of description.epilogueLoads) epilogueLoads.add(load);
    for (const step of description.epilogueSteps) epilogue.step(step);
    const stores = storesOf(epilogue);
    nest = {
      shape: loops,
      reduce: { extent: reduceLoops, accumulators },
      inputs: inputs.dtypes,
      body: body.instructions,
      epilogue: epilogue.instructions,
      stores,
    };
  } else {
    const stores = storesOf(body);
    nest = { shape: loops, inputs: inputs.dtypes, body: body.instructions, epilogue: [], stores };
  }
  return { nest, inputs: drawInputs(inputs, description.seed) };
}

function limited(loops: readonly number[], reduce: readonly number[]): [number[], number[]] {
  const all = [...loops, ...reduce];
  while (sizeOf(all) > maximumTurns) all[all.indexOf(Math.max(...all))] = 2;
  return [all.slice(0, loops.length), all.slice(loops.length)];
}

function accumulatorOf(body: InstructionList, choice: number, combine: number): Accumulator {
  const value = body.offered[choice % body.offered.length];
  const dtype = body.dtypes[value];
  const combines: readonly Combine[] = dtype === "bool" ? ["max", "min"] : ["sum", "product", "max", "min"];
  return { value, combine: combines[combine % combines.length], dtype };
}

function inputNeeds(description: NestDescription, dtypes: readonly DType[], maximum: number): InputNeeds {
  // Half of all inputs are float32, which is what networks are made of.
  const order = dtypes.flatMap((dtype): DType[] => ["float32", dtype]);
  const placed = new Map<number, number>();
  const room = Math.min(description.inputs.length, maximum);
  const needs: InputNeeds = {
    dtypes: [],
    lengths: [],
    positions: new Set<number>(),
    resolve: (choice) => {
      const number = choice % room;
      let input = placed.get(number);
      if (input === undefined) {
        input = needs.dtypes.push(order[description.inputs[number] % order.length]) - 1;
        needs.lengths.push(0);
        placed.set(number, input);
      }
      return input;
    },
    addPositions: () => {
      // Room must be left for the inputs that are still to come.
      if (!dtypes.includes("int32") || needs.dtypes.length + room - placed.size >= maximum) return undefined;
      needs.lengths.push(0);
      const input = needs.dtypes.push("int32") - 1;
      needs.positions.add(input);
      return input;
    },
  };
  return needs;
}

function drawInputs({ dtypes, lengths, positions }: InputNeeds, seed: number): number[][] {
  const random = new Random(seed);
  return dtypes.map((dtype, input) =>
    random.list(lengths[input], () => (positions.has(input) ? random.integer(-4, 10) : random.element(dtype))),
  );
}
