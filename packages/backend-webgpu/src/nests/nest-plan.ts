/**
 * From a nest to the passes that run it: element by element where there are many outputs or few turns, else with
 * workgroups that share reductions, and in two passes where a few workgroups would be busy for long.
 */
import { type DType, type Instruction, type LoopNest, sizeOf } from "@sconce/core";
import type { KernelPlan, PassBuffer } from "../kernels/pass.ts";
import { elementPass } from "./element-pass.ts";
import { nestName } from "./names.ts";
import { normalForm } from "./normal-form.ts";
import { elementsPerWord } from "./values.ts";
import { workgroupPass } from "./workgroup-pass.ts";

/** From this many outputs on, there are enough invocations for one output each. */
const manyOutputs = 16_384;
/** Up to this many turns, a loop is quicker than sharing. */
const fewTurns = 32;
const largestWorkgroup = 256;
/** More accumulators than this may not fit into workgroup memory. */
const mostAccumulators = 8;

/** The passes of `nest`; one pass binds at most `maximumBuffers`, and uses subgroups if it may. */
export function nestPlan(given: LoopNest, maximumBuffers: number, subgroups = false): KernelPlan {
  const nest = normalForm(given);
  const name = nestName(nest);
  const inputs = nest.inputs.map((_, index): PassBuffer => ({ kind: "input", index }));
  const outputs = nest.stores.map((_, index): PassBuffer => ({ kind: "output", index }));
  const count = sizeOf(nest.shape);
  if (count === 0) return { name, passes: [], temporaries: [] };
  const alone = (): KernelPlan => ({ name, passes: [elementPass(nest, name, inputs, outputs)], temporaries: [] });
  const { reduce, stores } = nest;
  if (!reduce || count >= manyOutputs || reduce.accumulators.length > mostAccumulators) return alone();
  const turns = sizeOf(reduce.extent);
  if (turns <= fewTurns) return alone();

  const width = neighboursAreOutputs(nest) ? 16 : 1;
  const parts = 2 ** Math.min(Math.log2(largestWorkgroup / width), Math.floor(Math.log2(turns / 8)));
  const groups = Math.ceil(count / width);
  const wanted = Math.min(Math.ceil(256 / groups), Math.floor(turns / (8 * parts)));
  const isPacked = stores.some(({ dtype }) => elementsPerWord(dtype) > 1);
  const pieces = groups < 64 && turns >= 16_384 ? Math.max(1, wanted) : 1;
  const shape = { outputs: width, parts, pieces, subgroups };
  const together = (): KernelPlan => {
    const passes = [workgroupPass(nest, name, inputs, outputs, { ...shape, pieces: 1 })];
    return { name, passes, temporaries: [] };
  };
  if (pieces === 1 && !isPacked) return together();
  const totals = reduce.accumulators.map(({ dtype }) => keptDType(dtype));
  const temporaries = totals.map((_, index): PassBuffer => ({ kind: "temporary", index }));
  const partial = withoutUnusedInputs({ ...nest, epilogue: [] }, inputs);
  const combining = withoutUnusedInputs(combination(nest, totals, pieces), [...inputs, ...temporaries]);
  const bound = [partial.inputs.length + temporaries.length, combining.inputs.length + outputs.length];
  if (Math.max(...bound) > maximumBuffers) return isPacked ? alone() : together();
  return {
    name,
    passes: [
      workgroupPass(partial.nest, name, partial.inputs, temporaries, { ...shape, totals }),
      elementPass(combining.nest, `finish_${name}`, combining.inputs, outputs),
    ],
    temporaries: totals.map(() => 4 * pieces * count),
  };
}

const kept: Partial<Record<DType, DType>> = { bool: "uint32", uint8: "uint32", float16: "float32" };

/** How a total is kept between passes: no two share a word. */
export function keptDType(dtype: DType): DType {
  return kept[dtype] ?? dtype;
}

/** The nest with only those inputs that it reads, and their buffers. */
export function withoutUnusedInputs(
  nest: LoopNest,
  buffers: readonly PassBuffer[],
): { nest: LoopNest; inputs: PassBuffer[] } {
  const isRead = (input: number): boolean =>
    [...nest.body, ...nest.epilogue].some((instruction) => instruction.kind === "load" && instruction.input === input);
  const numbers = nest.inputs.flatMap((_, input) => (isRead(input) ? [input] : []));
  const changed = (instruction: Instruction): Instruction =>
    instruction.kind === "load" ? { ...instruction, input: numbers.indexOf(instruction.input) } : instruction;
  return {
    nest: {
      ...nest,
      inputs: numbers.map((input) => nest.inputs[input]),
      body: nest.body.map(changed),
      epilogue: nest.epilogue.map(changed),
    },
    inputs: numbers.map((input) => buffers[input]),
  };
}

/** Whether most loads of the body walk memory along the last output loop rather than along the last reduction loop. */
function neighboursAreOutputs({ shape, reduce, body }: LoopNest): boolean {
  if (!reduce) return false;
  const extents = [...shape, ...reduce.extent];
  const lastOf = (first: number, end: number): number => {
    for (let loop = end - 1; loop >= first; loop--) if (extents[loop] > 1) return loop;
    return -1;
  };
  const [output, turn] = [lastOf(0, shape.length), lastOf(shape.length, extents.length)];
  if (output < 0 || extents[output] < 8) return false;
  let balance = 0;
  for (const instruction of body) {
    if (instruction.kind !== "load" || instruction.access.kind !== "affine") continue;
    const { strides } = instruction.access;
    if (Math.abs(strides[output]) === 1) balance++;
    if (turn >= 0 && Math.abs(strides[turn]) === 1) balance--;
  }
  return balance > 0;
}

/**
 * The nest that combines the totals of pieces, which are further inputs [pieces, ...shape], and stores what `nest` does;
 * `step` elements lie between pieces.
 */
export function combination(
  nest: LoopNest,
  totals: readonly DType[],
  pieces: number,
  step: number = sizeOf(nest.shape),
): LoopNest {
  const { shape, reduce } = nest;
  const strides = [...shape.map((_, loop) => sizeOf(shape.slice(loop + 1))), step];
  const accumulators = reduce?.accumulators ?? [];
  const body = totals.flatMap((dtype, i): Instruction[] => [
    { kind: "load", input: nest.inputs.length + i, dtype, access: { kind: "affine", offset: 0, strides } },
    { kind: "apply", operator: "cast", dtype: accumulators[i].dtype, operands: [2 * i] },
  ]);
  return {
    ...nest,
    reduce: {
      extent: [pieces],
      accumulators: accumulators.map((accumulator, i) => ({ ...accumulator, value: 2 * i + 1 })),
    },
    inputs: [...nest.inputs, ...totals],
    body,
  };
}
