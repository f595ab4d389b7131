/**
 * What a few multiplications and sums make of stored values is computed again where those are read, instead of being
 * stored and read, too: 1 - y^2, the slope of y = tanh(x), which the backward pass of a recurrent layer asks of every step.
 */
import type { Instruction, LoopNest, ProgramDraft, ProgramNode } from "@sconce/core";
import { renumber } from "./loops.ts";
import { withoutUnused } from "./unused.ts";
import { loadsOf, readersOf } from "./uses.ts";

/** Operators that take no longer than reading their result. */
const cheap: readonly string[] = ["add", "subtract", "multiply", "negate"];
/** How many of them, at most. */
const most = 3;

export function computeAgain(draft: ProgramDraft): ProgramDraft {
  const nodes = [...draft.nodes];
  const readers = readersOf(nodes);
  const given = new Set(draft.outputs.map(({ value }) => value));
  nodes.forEach(({ outputs }, i) => {
    for (const value of outputs) {
      const recipe = recipeOf(nodes[i], value);
      const others = readers.get(value) ?? [];
      if (!recipe || given.has(value) || others.length === 0) continue;
      const { nest } = nodes[i].work as { readonly nest: LoopNest };
      const reads = ({ work, inputs }: ProgramNode): boolean =>
        work.kind === "nest" &&
        !work.nest.reduce &&
        recipe.stored.every((each) => inputs.includes(each)) &&
        loadsOf(work.nest, inputs, value).every(({ access, guard }) => access.kind === "affine" && guard === undefined);
      if (!others.every((reader) => reads(nodes[reader]))) continue;
      for (const reader of others) nodes[reader] = computing(nodes[reader], value, nest.body, recipe);
      const at = nodes[i].outputs.indexOf(value);
      const stores = nest.stores.filter((_, store) => store !== at);
      const rest = withoutUnused({ ...nest, stores }, nodes[i].inputs);
      nodes[i] = { ...nodes[i], ...rest, outputs: nodes[i].outputs.filter((each) => each !== value) };
    }
  });
  return { ...draft, nodes };
}

/** How a stored value is computed from others that the node stores. */
interface Recipe {
  /** The other values. */
  readonly stored: readonly number[];
  /** The instructions, with which those values stand, by their places in the nest. */
  readonly places: ReadonlyMap<number, number | undefined>;
}

function recipeOf(node: ProgramNode, value: number): Recipe | undefined {
  if (node.work.kind !== "nest" || node.work.nest.reduce) return undefined;
  const { body, stores } = node.work.nest;
  if (stores.some(({ dtype }) => dtype !== "float32")) return undefined;
  const result = stores[node.outputs.indexOf(value)].value;
  const places = new Map<number, number | undefined>();
  let operators = 0;
  const visit = (at: number): boolean => {
    const instruction = body[at];
    const store = stores.findIndex((each) => each.value === at);
    if (at !== result && store >= 0) {
      places.set(at, node.outputs[store]);
      return true;
    }
    places.set(at, undefined);
    if (instruction.kind === "constant") return true;
    if (instruction.kind !== "apply" || instruction.dtype !== "float32" || !cheap.includes(instruction.operator))
      return false;
    operators++;
    return instruction.operands.every((operand) => places.has(operand) || visit(operand));
  };
  if (!visit(result) || operators > most) return undefined;
  const stored = [...places.values()].filter((each) => each !== undefined);
  return stored.length > 0 ? { stored, places } : undefined;
}

/** The reader of a value with its own computation of it, by a recipe for the instructions `list`. */
function computing(
  reader: ProgramNode,
  value: number,
  list: readonly Instruction[],
  { places: recipe }: Recipe,
): ProgramNode {
  const { nest } = reader.work as { readonly nest: LoopNest };
  const body: Instruction[] = [];
  const places: number[] = [];
  for (const instruction of nest.body) {
    if (instruction.kind !== "load" || reader.inputs[instruction.input] !== value) {
      places.push(body.push(renumber(instruction, places)) - 1);
      continue;
    }
    const made: number[] = [];
    for (const at of [...recipe.keys()].sort((a, b) => a - b)) {
      const stored = recipe.get(at);
      const step =
        stored === undefined ? renumber(list[at], made) : { ...instruction, input: reader.inputs.indexOf(stored) };
      made[at] = body.push(step) - 1;
    }
    places.push(body.length - 1);
  }
  const stores = nest.stores.map((store) => ({ ...store, value: places[store.value] }));
  return { ...reader, ...withoutUnused({ ...nest, body, stores }, reader.inputs) };
}
