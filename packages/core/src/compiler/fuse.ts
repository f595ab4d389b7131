/**
 * Fusion: decides which tensors get a buffer, and which of those one kernel computes together.
 *
 * 1. Walking consumers before producers, a tensor is a root (has a buffer) when it is asked for, when it reduces, or
 *    when computing it anew for each reader would cost more than storing it once. All others are pulled into readers.
 * 2. Every root starts as a kernel of its own. Kernels over the same loops are then merged: a producer with a consumer
 *    that reads it only at its own position outside any reduction (a reduction with its epilogue, one elementwise
 *    result with the next), and siblings that read the same full-size tensor (mean and sum of squares, the new weights
 *    and moments of an optimizer). A merge that would make kernels wait for each other in a circle is not made.
 */
import type { Capabilities } from "../backend/backend.ts";
import { type Shape, sameShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { factsOf, isOwnPosition, type NodeFacts, visit } from "./facts.ts";
import { type Domain, Puller, withoutUnits } from "./pull.ts";

/** Tensors that one kernel computes. */
export interface FusedGroup {
  readonly domain: Domain;
  /** Roots of this kernel, in topological order. */
  readonly members: readonly Tensor[];
  /** What it reads of other kernels and of sources. */
  readonly reads: readonly Tensor[];
}

export interface FusionPlan {
  readonly groups: readonly FusedGroup[];
  /** Whether a tensor is pulled into its readers instead of being stored. */
  isPulled(tensor: Tensor): boolean;
}

/** Storing an element and loading it again is worth about this many additions. */
const storeCost = 8;
/** A tensor this many times smaller than its reader stays in the cache: reading it costs nothing. */
const cachedShare = 16;
/** No kernel grows beyond this much pulled work per element. */
const maximumCost = 600;

/** From so many on, places are no longer told apart. */
const mostPlaces = 64;

/** What is to be fused. */
export interface FusionTask {
  /** All tensors, inputs first. */
  readonly order: readonly Tensor[];
  /** The primitives among them. */
  readonly fusible: ReadonlySet<Tensor>;
  /** Tensors that must have a buffer. */
  readonly stored: ReadonlySet<Tensor>;
  /** For an op that runs whole, the tensors whose buffers it reads. */
  readonly whole: ReadonlyMap<Tensor, readonly Tensor[]>;
}

export function fuse({ order, fusible, stored, whole }: FusionTask, limits: Capabilities): FusionPlan {
  const facts = new Map<Tensor, NodeFacts>();
  const isConstant = new Set<Tensor>();
  for (const tensor of order) {
    if (!fusible.has(tensor)) continue;
    const fact = factsOf(tensor);
    // What is computed from constants alone folds away wherever it is pulled in.
    const constant =
      fact.reduce === undefined &&
      fact.reads.size > 0 &&
      [...fact.reads.keys()].every((input) => isConstant.has(input));
    if (constant || tensor.op.traits?.constant) isConstant.add(tensor);
    facts.set(tensor, constant ? { ...fact, cost: 0 } : fact);
  }
  const roots = chooseRoots(order, facts, stored);
  limitReads(order, facts, roots, limits.maximumInputs);
  const isPulled = (tensor: Tensor): boolean => facts.has(tensor) && !roots.has(tensor);
  const position = new Map(order.map((tensor, i) => [tensor, i]));
  const groups = order
    .filter((tensor) => whole.has(tensor) || (roots.has(tensor) && facts.has(tensor)))
    .map((tensor) => {
      const group = new Group(tensor, facts.get(tensor)?.reduce, whole.has(tensor));
      const reads = whole.get(tensor);
      if (reads) group.readWhole(reads);
      else group.readPulled(isPulled);
      return group;
    });
  const merged = mergeGroups(groups, limits).filter((group) => !group.fixed);
  const place = (tensor: Tensor): number => position.get(tensor) as number;
  const inOrder = (members: readonly Tensor[]): Tensor[] => [...members].sort((a, b) => place(a) - place(b));
  const fused = merged.map(({ domain, members, readings }): FusedGroup => {
    const reads = [...readings.keys()].filter((tensor) => !members.includes(tensor));
    return { domain, members: inOrder(members), reads };
  });
  return { groups: fused, isPulled };
}

/** The second choice knows the first: what is made of stored tensors is cheap to make again. */
function chooseRoots(
  order: readonly Tensor[],
  facts: ReadonlyMap<Tensor, NodeFacts>,
  stored: ReadonlySet<Tensor>,
): Set<Tensor> {
  const costs = pulledCosts(order, facts, stored);
  const fixed = new Set(stored);
  for (const [tensor, cost] of costs) if (cost > maximumCost) fixed.add(tensor);
  const kernels = kernelNames(order, facts);
  const first = rootsByCost(order, facts, fixed, kernels, costs);
  return rootsByCost(order, facts, fixed, kernels, pulledCosts(order, facts, first));
}

function rootsByCost(
  order: readonly Tensor[],
  facts: ReadonlyMap<Tensor, NodeFacts>,
  fixed: ReadonlySet<Tensor>,
  kernels: ReadonlyMap<Tensor, string>,
  costs: ReadonlyMap<Tensor, number>,
): Set<Tensor> {
  const roots = new Set<Tensor>();
  const evaluations = new Map<Tensor, Evaluations>();
  for (const tensor of [...order].reverse()) {
    const fact = facts.get(tensor);
    if (!fact) continue;
    const own = evaluations.get(tensor) ?? new Evaluations();
    const times = own.total / Math.max(1, tensor.size);
    // Storing it would leave one load of the work.
    const recomputed = fact.cost > 0 && ((costs.get(tensor) as number) - 1) * (times - 1) > storeCost;
    const root = fixed.has(tensor) || fact.reduce !== undefined || recomputed;
    if (root) roots.add(tensor);
    const readers = root ? new Evaluations([[kernels.get(tensor) as string, tensor.size]]) : own;
    for (const [input, places] of fact.places) {
      if (!evaluations.has(input)) evaluations.set(input, new Evaluations());
      evaluations.get(input)?.addReader(readers, places, tensor.size);
    }
  }
  return roots;
}

/** How many elements of a tensor are computed when it is pulled into its readers, by the kernel and the place in it. */
class Evaluations {
  #counts: Map<string, number>;

  constructor(counts: readonly (readonly [string, number])[] = []) {
    this.#counts = new Map(counts);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** What one kernel reads at one place, it computes once, whoever wants it. */
  addReader(readers: Evaluations, places: ReadonlyMap<string, number>, size: number): void {
    for (const [kernel, times] of readers.#counts) {
      for (const [place, reads] of places) {
        const key = kernel + place;
        this.#counts.set(key, Math.max(this.#counts.get(key) ?? 0, (times / Math.max(1, size)) * reads));
      }
    }
    if (this.#counts.size > mostPlaces) this.#counts = new Map([["", this.total]]);
  }
}

/**
 * A name for the kernel that would compute a tensor, equal for those that will be merged: they have the same loops, and
 * neither waits for the other's reduction.
 */
function kernelNames(order: readonly Tensor[], facts: ReadonlyMap<Tensor, NodeFacts>): Map<Tensor, string> {
  const depths = new Map<Tensor, number>();
  const names = new Map<Tensor, string>();
  for (const tensor of order) {
    const fact = facts.get(tensor);
    const before = tensor.source ? 0 : Math.max(0, ...tensor.inputs.map((input) => depths.get(input) ?? 0));
    const depth = before + (tensor.source || (fact && !fact.reduce) ? 0 : 1);
    depths.set(tensor, depth);
    names.set(tensor, `${withoutUnits(tensor.shape)}/${fact?.reduce ?? ""}/${depth}`);
  }
  return names;
}

/** Work per element if everything above the nearest reductions and stored tensors were pulled in; a load from memory counts one. */
function pulledCosts(
  order: readonly Tensor[],
  facts: ReadonlyMap<Tensor, NodeFacts>,
  stored: ReadonlySet<Tensor>,
): Map<Tensor, number> {
  const costs = new Map<Tensor, number>();
  for (const tensor of order) {
    const fact = facts.get(tensor);
    if (!fact) continue;
    let cost = fact.cost;
    for (const [input, reads] of fact.reads) {
      const below = facts.get(input);
      const pulled = below !== undefined && below.reduce === undefined && !stored.has(input);
      const load = input.size * cachedShare <= tensor.size ? 0 : 1;
      cost += (pulled ? (costs.get(input) as number) : load) * (reads / Math.max(1, tensor.size));
    }
    costs.set(tensor, Math.min(cost, 1e9));
  }
  return costs;
}

/** Stores more tensors where a kernel would read more buffers than the backend allows. */
function limitReads(
  order: readonly Tensor[],
  facts: ReadonlyMap<Tensor, NodeFacts>,
  roots: Set<Tensor>,
  maximum: number,
): void {
  const reads = new Map<Tensor, Set<Tensor>>();
  for (const tensor of order) {
    const fact = facts.get(tensor);
    if (!fact) continue;
    const readsOf = (input: Tensor): ReadonlySet<Tensor> =>
      facts.has(input) && !roots.has(input) ? (reads.get(input) as Set<Tensor>) : new Set([input]);
    const inputs = [...fact.reads.keys()];
    const union = (): Set<Tensor> => new Set(inputs.flatMap((input) => [...readsOf(input)]));
    while (union().size > maximum) {
      const widest = inputs.reduce((a, b) => (readsOf(b).size > readsOf(a).size ? b : a));
      if (readsOf(widest).size <= 1) break;
      roots.add(widest);
    }
    reads.set(tensor, union());
  }
}

/** How a group reads a tensor. */
interface Reading {
  /** Only at the position that is being written. */
  inPlace: boolean;
  /** Somewhere inside a reduction. */
  reducing: boolean;
}

class Group {
  readonly domain: Domain;
  readonly hasReduction: boolean;
  members: Tensor[];
  readonly readings = new Map<Tensor, Reading>();
  readonly successors = new Set<Group>();
  merged: Group | undefined;

  /** An op that runs whole takes part only so that paths through it are seen. */
  readonly fixed: boolean;

  constructor(root: Tensor, reduce: Shape | undefined, fixed: boolean) {
    this.domain = { output: withoutUnits(root.shape), reduce: reduce ?? [] };
    this.hasReduction = reduce !== undefined;
    this.members = [root];
    this.fixed = fixed;
  }

  readWhole(tensors: readonly Tensor[]): void {
    for (const tensor of tensors) this.readings.set(tensor, { inPlace: false, reducing: true });
  }

  readPulled(isPulled: (tensor: Tensor) => boolean): void {
    const [root] = this.members;
    const value = new Puller(this.domain, (tensor) => tensor === root || isPulled(tensor)).root(root);
    visit([value], ({ node }, reducing) => {
      if (node.kind !== "load") return;
      const reading = this.readings.get(node.tensor) ?? { inPlace: true, reducing: false };
      reading.inPlace &&= node.guard === undefined && isOwnPosition(node.index, node.tensor, this.domain);
      reading.reducing ||= reducing;
      this.readings.set(node.tensor, reading);
    });
  }
}

function mergeGroups(groups: readonly Group[], limits: Capabilities): Group[] {
  const home = new Map<Tensor, Group>();
  for (const group of groups) home.set(group.members[0], group);
  const groupOf = (tensor: Tensor): Group | undefined => {
    const group = home.get(tensor);
    return group && current(group);
  };
  const readers = new Map<Tensor, Group[]>();
  for (const group of groups) {
    for (const tensor of group.readings.keys()) {
      groupOf(tensor)?.successors.add(group);
      const list = readers.get(tensor);
      if (list) list.push(group);
      else readers.set(tensor, [group]);
    }
  }
  const order = new RunningOrder(groups);
  const tryMerge = (a: Group, b: Group): void => {
    if (a !== b && compatible(a, b, limits)) order.merge(a, b);
  };
  // Producers with consumers.
  for (const group of groups) {
    for (const tensor of [...group.readings.keys()]) {
      const producer = groupOf(tensor);
      if (producer) tryMerge(producer, current(group));
    }
  }
  // Siblings.
  for (const [tensor, list] of readers) {
    for (let i = 1; i < list.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [current(list[j]), current(list[i])];
        if (
          a !== b &&
          tensor.size >= sizeOf(a.domain.output) * sizeOf(a.domain.reduce) &&
          tensor.size > 1 &&
          a.hasReduction === b.hasReduction
        ) {
          tryMerge(a, b);
        }
      }
    }
  }
  return groups.filter((group) => !group.merged);
}

function compatible(a: Group, b: Group, limits: Capabilities): boolean {
  if (a.fixed || b.fixed || !sameShape(a.domain.output, b.domain.output)) return false;
  if (a.hasReduction && b.hasReduction && !sameShape(a.domain.reduce, b.domain.reduce)) return false;
  for (const [producer, consumer] of [
    [a, b],
    [b, a],
  ]) {
    for (const member of producer.members) {
      const reading = consumer.readings.get(member);
      if (reading && (!reading.inPlace || reading.reducing)) return false;
    }
  }
  const inputs = new Set([...a.readings.keys(), ...b.readings.keys()]);
  for (const member of [...a.members, ...b.members]) inputs.delete(member);
  return inputs.size <= limits.maximumInputs && a.members.length + b.members.length <= limits.maximumOutputs;
}

/**
 * The groups in an order in which they could run. A path between two of them only leads through groups in between, so
 * that looking for one, and setting the order right after a merge, stay short (as in Pearce and Kelly, "A dynamic
 * topological sort algorithm for directed acyclic graphs", 2007).
 */
class RunningOrder {
  readonly #order: Group[];
  readonly #ranks: Map<Group, number>;

  /** `groups` must be in such an order. */
  constructor(groups: readonly Group[]) {
    this.#order = [...groups];
    this.#ranks = new Map(groups.map((group, rank) => [group, rank]));
  }

  /** Merges `b` into `a` unless a third group must run after one and before the other. */
  merge(a: Group, b: Group): void {
    const [from, to] = this.#rank(a) < this.#rank(b) ? [a, b] : [b, a];
    const after = this.#between(from, to);
    if (!after) return;
    const [first, last] = [this.#rank(from), this.#rank(to)];
    const others = this.#order.slice(first + 1, last).filter((group) => !after.has(group));
    const moved = this.#order.slice(first + 1, last).filter((group) => after.has(group));
    absorb(a, b);
    [...others, a, ...moved, b].forEach((group, i) => {
      this.#order[first + i] = group;
      this.#ranks.set(group, first + i);
    });
  }

  #rank(group: Group): number {
    return this.#ranks.get(group) as number;
  }

  /** The groups that must run after `from` and may run before `to`; undefined if `to` must run after one of them. */
  #between(from: Group, to: Group): Set<Group> | undefined {
    const limit = this.#rank(to);
    const found = new Set<Group>();
    const stack = [from];
    for (let group = stack.pop(); group; group = stack.pop()) {
      for (const successor of group.successors) {
        const next = current(successor);
        if (next === to && group !== from) return undefined;
        if (next === group || next === from || this.#rank(next) >= limit || found.has(next)) continue;
        found.add(next);
        stack.push(next);
      }
    }
    return found;
  }
}

/** The group that a group has become part of. */
function current(group: Group): Group {
  let found = group;
  while (found.merged) found = found.merged;
  return found;
}

/** Merges `b` into `a`. */
function absorb(a: Group, b: Group): void {
  b.merged = a;
  (a as { domain: Domain }).domain = a.hasReduction ? a.domain : b.domain;
  (a as { hasReduction: boolean }).hasReduction ||= b.hasReduction;
  a.members = [...a.members, ...b.members];
  for (const [tensor, reading] of b.readings) {
    const before = a.readings.get(tensor);
    a.readings.set(
      tensor,
      before ? { inPlace: before.inPlace && reading.inPlace, reducing: before.reducing || reading.reducing } : reading,
    );
  }
  for (const next of b.successors) a.successors.add(next);
}
