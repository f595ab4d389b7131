/**
 * Sums of padded pieces become concatenations.
 *
 * The gradient of a slice is its own gradient between zeros, so what is cut into slices gets a sum of such pieces: one
 * for each gate of an LSTM. Where exactly one piece is not zero at every place, the sum is the pieces side by side, and
 * copying rows is far cheaper than asking at every element which piece it is in.
 *
 * In such a nest each load has a guard that depends on the position along one axis alone. The guards are evaluated for
 * every position, which tells where each piece lies whatever the comparisons are written like.
 */
import {
  applyScalar,
  type Claim,
  type Instruction,
  instructionDType,
  type LoopNest,
  type OpRequest,
  type ProgramDraft,
  type ProgramNode,
  type Shape,
  sizeOf,
  stridesOf,
} from "@sconce/core";

/** Pieces in the order they lie along the axis. */
interface Join {
  readonly axis: number;
  readonly pieces: readonly { readonly input: number; readonly shape: Shape }[];
}

type Load = Extract<Instruction, { kind: "load" }>;

export function joinPaddedSums(draft: ProgramDraft, claim: Claim): ProgramDraft {
  // Equal nodes share their nest.
  const known = new Map<LoopNest, Join | undefined>();
  const nodes = draft.nodes.map((node): ProgramNode => {
    if (node.work.kind !== "nest") return node;
    const { nest } = node.work;
    if (!known.has(nest)) known.set(nest, joinOf(nest));
    const join = known.get(nest);
    if (!join) return node;
    const request: OpRequest = {
      op: "concatenate",
      attributes: { axis: join.axis },
      inputs: join.pieces.map(({ shape }) => ({ shape, dtype: "float32" })),
      output: { shape: nest.shape, dtype: "float32" },
    };
    const kernel = claim(request);
    if (!kernel) return node;
    const inputs = join.pieces.map(({ input }) => node.inputs[input]);
    return { ...node, inputs, work: { kind: "claim", request, kernel } };
  });
  return { ...draft, nodes };
}

/** How the nest's result is joined from its inputs, if it is. */
function joinOf(nest: LoopNest): Join | undefined {
  const { body, stores, shape } = nest;
  const axes = new Set(body.flatMap((each) => (each.kind === "index" ? [each.axis] : [])));
  const [axis] = axes;
  if (nest.reduce || axes.size !== 1 || stores.length > 1 || stores[0].dtype !== "float32") return undefined;
  const loads = summands(body, stores[0].value);
  if (!loads || loads.length < 2) return undefined;
  const owners = ownersOf(nest, axis, loads);
  if (!owners) return undefined;
  const pieces: { input: number; shape: Shape }[] = [];
  for (let start = 0; start < owners.length; ) {
    const load = owners[start];
    let end = start;
    while (owners[end] === load) end++;
    const piece = shape.map((extent, i) => (i === axis ? end - start : extent));
    const strides = stridesOf(piece);
    const { access } = load;
    const fits =
      access.kind === "affine" &&
      access.offset === -start * strides[axis] &&
      strides.every((stride, i) => stride === access.strides[i] || piece[i] === 1);
    if (!fits) return undefined;
    pieces.push({ input: load.input, shape: piece });
    start = end;
  }
  return pieces.length === loads.length ? { axis, pieces } : undefined;
}

/** The loads whose plain sum the value is, each once. */
function summands(body: readonly Instruction[], value: number): Load[] | undefined {
  const found: Load[] = [];
  const pending = [value];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const instruction = body[next];
    if (instruction.kind === "load" && instruction.dtype === "float32") found.push(instruction);
    else if (instruction.kind === "apply" && instruction.operator === "add" && instruction.dtype === "float32")
      pending.push(...instruction.operands);
    else return undefined;
  }
  return new Set(found).size === found.length ? found : undefined;
}

/** For each position along the axis the one load that reads there; undefined if there is another number of them anywhere. */
function ownersOf(nest: LoopNest, axis: number, loads: readonly Load[]): Load[] | undefined {
  const { body, shape } = nest;
  if (sizeOf(shape) === 0) return undefined;
  const values = new Array<number>(body.length);
  const owners: Load[] = [];
  for (let position = 0; position < shape[axis]; position++) {
    body.forEach((instruction, i) => {
      if (instruction.kind === "constant") values[i] = instruction.value;
      else if (instruction.kind === "index") values[i] = position;
      else if (instruction.kind === "apply" && instruction.dtype !== "float32") {
        const { operator, operands, dtype } = instruction;
        const operandDType = instructionDType(nest, body[operands[operands.length - 1]]);
        const arguments_ = operands.map((operand) => values[operand]);
        values[i] = applyScalar(operator, arguments_, operandDType, dtype);
      } else values[i] = Number.NaN;
    });
    const reading = loads.filter(({ guard }) => guard === undefined || values[guard] === 1);
    if (reading.length !== 1) return undefined;
    owners.push(reading[0]);
  }
  return owners;
}
