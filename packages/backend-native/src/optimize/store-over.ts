/**
 * Results of a nest are stored over what it is the last to read, where these lie in rows beside each other: that memory is
 * in the cache already, and the results take no other. A recurrent layer's gates are stored over the sums that they are
 * functions of, and their gradients over the gates.
 *
 * A nest reads and writes the same elements in the same block, and its blocks share none. So
 *   1. of a nest that reads n arrays [rows, columns] lying side by side in the rows of a value, n results become the value's
 *      new contents, and those who read them read there;
 *   2. a concatenation whose pieces are made by nests that read such contents at the same places becomes those contents.
 */
import {
  type Claim,
  type Instruction,
  type LoopNest,
  type OpRequest,
  type ProgramDraft,
  type ProgramNode,
  sameShape,
  sizeOf,
} from "@sconce/core";
import type { JoinedNestAttributes } from "../claims/joined-nest.ts";
import { joinedNode } from "./join-stores.ts";
import { splitLoop } from "./loops.ts";
import { alignment, boundValues, joinsInMemory, type Piece } from "./pieces.ts";
import { type Load, loadsOf, readersOf } from "./uses.ts";

/** Arrays that lie side by side in the rows of a piece of a value. */
interface Rows {
  readonly whole: number;
  /** Elements before the first of them. */
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  /** How many arrays. */
  readonly count: number;
}

const bytesPerFloat = 4;

/** The draft with the values that are pieces of others, where those are known to be begun before. */
export function storeOver(
  draft: ProgramDraft,
  claim: Claim,
): { draft: ProgramDraft; pieces: ReadonlyMap<number, Piece> } {
  const values = [...draft.values];
  const nodes = [...draft.nodes];
  const writers = new Map(nodes.flatMap(({ outputs }, i) => outputs.map((output) => [output, i] as const)));
  const readers = readersOf(nodes);
  const bound = boundValues(draft);
  /** New contents of values, by their number. */
  const contents = new Map<number, Rows>();

  nodes.forEach((node, i) => {
    for (const whole of new Set(node.inputs)) {
      const rows = rowsReadLast(i, whole);
      const results = rows && resultsToStore(i, rows);
      if (!rows || !results) continue;
      const made = values.length;
      const joined = joinedNode(
        values,
        nodes[i],
        results,
        { value: made, shape: [rows.rows, rows.count * rows.columns] },
        claim,
      );
      if (!joined) continue;
      values.push({ shape: [rows.rows, rows.count * rows.columns], dtype: "float32" });
      nodes[i] = joined;
      const affected = new Set(results.flatMap((value) => readers.get(value) ?? []));
      for (const reader of affected) nodes[reader] = readingRows(nodes[reader], results, made, rows, claim);
      writers.set(made, i);
      readers.set(made, [...affected]);
      contents.set(made, rows);
      return;
    }
  });
  const pieces = new Map<number, Piece>();
  for (const [value, { whole, offset }] of contents) pieces.set(value, { whole, offset: offset * bytesPerFloat });
  const kept = nodes.filter((node) => !becomesContents(node));
  return { draft: { ...draft, values, nodes: kept }, pieces };

  /** The arrays that the node reads of `whole`, if they lie in rows and nobody reads these later. */
  function rowsReadLast(i: number, whole: number): Rows | undefined {
    const { work, inputs } = nodes[i];
    if (work.kind !== "nest" || work.nest.reduce || !writers.has(whole) || bound.has(whole)) return undefined;
    if (values[whole].dtype !== "float32" || contents.has(whole)) return undefined;
    const loads = loadsOf(work.nest, inputs, whole);
    const rows = rowsOf(loads, work.nest, whole);
    if (!rows) return undefined;
    const end = rows.offset + rows.rows * rows.columns * rows.count;
    const isLast = (readers.get(whole) ?? []).every((reader) => {
      if (reader <= i) return true;
      const other = nodes[reader];
      if (other.work.kind !== "nest") return false;
      const [first, last] = rangeRead(other.work.nest, other.inputs, whole);
      return last < rows.offset || first >= end;
    });
    return isLast ? rows : undefined;
  }

  /** As many results of the node as there are arrays, those first that are read least. */
  function resultsToStore(i: number, { rows, columns, count }: Rows): readonly number[] | undefined {
    const { outputs } = nodes[i];
    const isFree = (value: number): boolean =>
      !bound.has(value) &&
      values[value].dtype === "float32" &&
      (readers.get(value) ?? []).every((reader) => readsRows(nodes[reader], value, rows, columns));
    const reads = (value: number): number => readers.get(value)?.length ?? 0;
    const free = outputs.filter(isFree).sort((a, b) => reads(a) - reads(b));
    if (free.length < count) return undefined;
    const chosen = new Set(free.slice(0, count));
    return outputs.filter((value) => chosen.has(value));
  }

  /** Whether a concatenation's pieces are all made over the contents of one value, in its order; they are then pieces of it. */
  function becomesContents({ work, inputs, outputs: [joined] }: ProgramNode): boolean {
    if (work.kind !== "claim" || !joinsInMemory(work.request) || bound.has(joined)) return false;
    let offset = 0;
    let whole: number | undefined;
    const made: (readonly [number, Piece])[] = [];
    for (const piece of inputs) {
      const maker = nodes[writers.get(piece) ?? -1];
      const size = sizeOf(values[piece].shape);
      const over = maker && !bound.has(piece) && !pieces.has(piece) ? contentsUnder(maker, piece, offset) : undefined;
      if (over === undefined || (whole ?? over) !== over) return false;
      whole = over;
      made.push([piece, { whole, offset: offset * bytesPerFloat }]);
      offset += size;
    }
    if (whole === undefined || sizeOf(values[whole].shape) !== offset || new Set(inputs).size < inputs.length)
      return false;
    // What was there before has been read, whichever piece it is.
    const first = Math.min(...inputs.map((piece) => writers.get(piece) as number));
    if ((readers.get(whole) ?? []).some((reader) => reader >= first)) return false;
    for (const [piece, place] of made) pieces.set(piece, place);
    pieces.set(joined, { whole, offset: 0 });
    return true;
  }

  /** The value over whose contents at `offset` the node may make `piece`. */
  function contentsUnder(maker: ProgramNode, piece: number, offset: number): number | undefined {
    if (maker.work.kind !== "claim" || maker.work.request.op !== "joinedNest") return undefined;
    const { row, joined } = maker.work.request.attributes as JoinedNestAttributes;
    const i = nodes.indexOf(maker);
    const under = maker.inputs.find((value) => {
      const rows = contents.get(value);
      if (!rows || rows.offset !== offset || rows.columns !== row || rows.count !== joined.length) return false;
      const isLast = (readers.get(value) ?? []).every((reader) => reader <= i);
      return isLast && sizeOf(values[value].shape) === sizeOf(values[piece].shape);
    });
    return under === undefined ? undefined : contents.get(under)?.whole;
  }
}

/** The nest that a node runs, if it computes its results element by element. */
function elementwiseNest({ work }: ProgramNode): LoopNest | undefined {
  if (work.kind === "nest") return work.nest.reduce ? undefined : work.nest;
  if (work.kind !== "claim" || work.request.op !== "joinedNest") return undefined;
  const { nest } = work.request.attributes as JoinedNestAttributes;
  return nest.reduce ? undefined : nest;
}

/** The arrays that loads read if they lie side by side and fill whole rows. */
function rowsOf(loads: readonly Load[], { shape }: LoopNest, whole: number): Rows | undefined {
  const count = loads.length;
  if (shape.length !== 2 || count < 2) return undefined;
  const [rows, columns] = shape;
  const offsets = loads.map(({ access, guard }) => {
    const fits = access.kind === "affine" && guard === undefined && sameShape(access.strides, [count * columns, 1]);
    return fits ? access.offset : -1;
  });
  const offset = Math.min(...offsets);
  const expected = loads.map((_, i) => offset + i * columns);
  if (offset < 0 || (offset * bytesPerFloat) % alignment !== 0 || !expected.every((each) => offsets.includes(each)))
    return undefined;
  return { whole, offset, rows, columns, count };
}

/** The first and the last element that a nest reads of a value. */
function rangeRead(nest: LoopNest, inputs: readonly number[], value: number): readonly [number, number] {
  const extents = [...nest.shape, ...(nest.reduce?.extent ?? [])];
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { access } of loadsOf(nest, inputs, value)) {
    if (access.kind !== "affine") return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const reach = (sign: number): number =>
      access.strides.reduce((sum, stride, loop) => sum + (stride * sign > 0 ? stride * (extents[loop] - 1) : 0), 0);
    first = Math.min(first, access.offset + reach(-1));
    last = Math.max(last, access.offset + reach(1));
  }
  return [first, last];
}

/** Whether a node reads a value [rows, columns] element by element, in its order. */
function readsRows(node: ProgramNode, value: number, rows: number, columns: number): boolean {
  const nest = elementwiseNest(node);
  if (!nest) return false;
  const isFlat = sameShape(nest.shape, [rows * columns]);
  if (!isFlat && !sameShape(nest.shape, [rows, columns])) return false;
  return loadsOf(nest, node.inputs, value).every(({ access, guard }) => {
    if (access.kind !== "affine" || guard !== undefined || access.offset !== 0) return false;
    return sameShape(access.strides, isFlat ? [1] : [columns, 1]);
  });
}

/** The node with `results` read where they lie side by side in `joined`. */
function readingRows(
  node: ProgramNode,
  results: readonly number[],
  joined: number,
  { rows, columns, count }: Rows,
  claim: Claim,
): ProgramNode {
  const flat = elementwiseNest(node) as LoopNest;
  const nest = sameShape(flat.shape, [rows, columns]) ? flat : splitLoop(flat, 0, columns);
  const old = node.inputs;
  const inputs = [...new Set(old.map((value) => (results.includes(value) ? joined : value)))];
  const body = nest.body.map((instruction): Instruction => {
    if (instruction.kind !== "load") return instruction;
    const place = results.indexOf(old[instruction.input]);
    if (place < 0) return { ...instruction, input: inputs.indexOf(old[instruction.input]) };
    const access = { kind: "affine", offset: place * columns, strides: [count * columns, 1] } as const;
    return { ...instruction, input: inputs.indexOf(joined), access };
  });
  const dtypes = inputs.map((value) => (value === joined ? "float32" : nest.inputs[old.indexOf(value)]));
  const rewritten: LoopNest = { ...nest, inputs: dtypes, body };
  if (node.work.kind === "nest") return { ...node, work: { kind: "nest", nest: rewritten }, inputs };
  const { request } = node.work as { readonly request: OpRequest };
  const attributes = { ...(request.attributes as JoinedNestAttributes), nest: rewritten };
  const signatures = inputs.map((value) =>
    value === joined
      ? { shape: [rows, count * columns], dtype: "float32" as const }
      : request.inputs[old.indexOf(value)],
  );
  const changed: OpRequest = { ...request, attributes, inputs: signatures };
  const kernel = claim(changed);
  if (!kernel) throw new Error("native: a nest with joined results is not claimed any more.");
  return { ...node, work: { kind: "claim", request: changed, kernel }, inputs };
}
