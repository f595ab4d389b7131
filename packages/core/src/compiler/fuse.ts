/**
 * Fusion: decides which tensors get a buffer, and which of those one kernel computes together.
 *
 * 1. Walking consumers before producers, a tensor is a root (has a buffer) when it is asked for, when it reduces, or
 *    when computing it anew for each reader would cost more than storing it once. All others are pulled into readers.
 * 2. Every root starts as a kernel of its own. Kernels over the same loops are then merged: a producer with a consumer
 *    that reads it only at its own position outside any reduction (a reduction with its epilogue, one elementwise
 *    result with the next), and siblings that read the same full-size tensor (mean and sum of squares, the new weights
 *    and moments of an optimizer), and single numbers that no kernel reads (counters). A merge that would make kernels
 *    wait for each other in a circle is not made.
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
      if (reads) for (const read of reads) group.read(read, true);
      else group.readPulled(isPulled);
      return group;
    });
  const merged = mergeGroups(groups, stored, limits).filter((group) => !group.fixed);
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
      const before = evaluations.get(input) ?? new Evaluations();
      before.addReader(readers, places, tensor.size);
      evaluations.set(input, before);
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

class Group {
  domain: Domain;
  hasReduction: boolean;
  readonly members: Tensor[];
  /** What it reads, and whether anywhere but at the position that is being written, outside any reduction. */
  readonly readings = new Map<Tensor, boolean>();
  readonly successors = new Set<Group>();
  merged: Group | undefined;
  /** Its place in the running order. */
  rank = 0;

  /** An op that runs whole takes part only so that paths through it are seen. */
  readonly fixed: boolean;

  constructor(root: Tensor, reduce: Shape | undefined, fixed: boolean) {
    this.domain = { output: withoutUnits(root.shape), reduce: reduce ?? [] };
    this.hasReduction = reduce !== undefined;
    this.members = [root];
    this.fixed = fixed;
  }

  read(tensor: Tensor, elsewhere: boolean): void {
    this.readings.set(tensor, elsewhere || this.readings.get(tensor) === true);
  }

  readPulled(isPulled: (tensor: Tensor) => boolean): void {
    const [root] = this.members;
    const value = new Puller(this.domain, (tensor) => tensor === root || isPulled(tensor)).root(root);
    visit([value], ({ node }, reducing) => {
      if (node.kind !== "load") return;
      const { tensor, index, guard } = node;
      this.read(tensor, reducing || guard !== undefined || !isOwnPosition(index, tensor, this.domain));
    });
  }
}

function mergeGroups(groups: readonly Group[], stored: ReadonlySet<Tensor>, limits: Capabilities): Group[] {
  const home = new Map(groups.map((group) => [group.members[0], group]));
  const readers = new Map<Tensor, Group[]>();
  for (const group of groups) {
    for (const tensor of group.readings.keys()) {
      home.get(tensor)?.successors.add(group);
      const list = readers.get(tensor);
      if (list) list.push(group);
      else readers.set(tensor, [group]);
    }
  }
  const order = new RunningOrder(groups);
  const tryMerge = (a: Group, b: Group): void => {
    if (a === b || !compatible(a, b)) return;
    const reads = new Set([...a.readings.keys(), ...b.readings.keys()]);
    const members = [...a.members, ...b.members];
    for (const member of members) reads.delete(member);
    const isElsewhere = (reader: Group): boolean => ![a, b].includes(current(reader));
    const { length } = members.filter((member) => stored.has(member) || readers.get(member)?.some(isElsewhere));
    const { maximumInputs, maximumOutputs, maximumBuffers = maximumInputs + maximumOutputs } = limits;
    if (reads.size <= maximumInputs && length <= maximumOutputs && reads.size + length <= maximumBuffers)
      order.merge(a, b);
  };
  // Producers with consumers.
  for (const group of groups) {
    for (const tensor of [...group.readings.keys()]) {
      const producer = home.get(tensor);
      if (producer) tryMerge(current(producer), current(group));
    }
  }
  // Siblings.
  for (const [tensor, list] of readers) {
    for (let i = 1; i < list.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [current(list[j]), current(list[i])];
        if (
          tensor.size >= sizeOf(a.domain.output) * sizeOf(a.domain.reduce) &&
          tensor.size > 1 &&
          a.hasReduction === b.hasReduction
        ) {
          tryMerge(a, b);
        }
      }
    }
  }
  // Single numbers.
  let last: Group | undefined;
  for (const group of groups) {
    const isRead = [...group.successors].some((reader) => current(reader) !== group);
    if (group.merged || group.hasReduction || group.domain.output.length > 0 || isRead) continue;
    tryMerge(last ?? group, group);
    last = current(group);
  }
  return groups.filter((group) => !group.merged);
}

function compatible(a: Group, b: Group): boolean {
  const waits = (reader: Group, { members }: Group): boolean => members.some((member) => reader.readings.get(member));
  return (
    sameShape(a.domain.output, b.domain.output) &&
    !(a.hasReduction && b.hasReduction && !sameShape(a.domain.reduce, b.domain.reduce)) &&
    !(a.fixed || b.fixed || waits(a, b) || waits(b, a))
  );
}

/**
 * The groups in an order in which they could run. A path between two of them only leads through groups in between, so
 * that looking for one, and setting the order right after a merge, stay short (as in Pearce and Kelly, "A dynamic
 * topological sort algorithm for directed acyclic graphs", 2007).
 */
class RunningOrder {
  readonly #order: Group[];

  /** `groups` must be in such an order. */
  constructor(groups: readonly Group[]) {
    this.#order = [...groups];
    groups.forEach((group, rank) => {
      group.rank = rank;
    });
  }

  /** Merges `b` into `a` unless a third group must run after one and before the other. */
  merge(a: Group, b: Group): void {
    const [from, to] = a.rank < b.rank ? [a, b] : [b, a];
    const after = this.#between(from, to);
    if (!after) return;
    const [first, last] = [from.rank, to.rank];
    const between = this.#order.slice(first + 1, last);
    const others = between.filter((group) => !after.has(group));
    absorb(a, b);
    [...others, a, ...between.filter((group) => after.has(group)), b].forEach((group, i) => {
      this.#order[first + i] = group;
      group.rank = first + i;
    });
  }

  /** The groups that must run after `from` and may run before `to`; undefined if `to` must run after one of them. */
  #between(from: Group, to: Group): Set<Group> | undefined {
    const limit = to.rank;
    const found = new Set<Group>();
    const stack = [from];
    for (let group = stack.pop(); group; group = stack.pop()) {
      for (const successor of group.successors) {
        const next = current(successor);
        if (next === to && group !== from) return undefined;
        if (next === group || next === from || next.rank >= limit || found.has(next)) continue;
        found.add(next);
        stack.push(next);
      }
    }
    return found;
  }
}

/** The group that a group has become part of. */
function current(group: Group): Group {
  return group.merged ? current(group.merged) : group;
}

/** Merges `b` into `a`. */
function absorb(a: Group, b: Group): void {
  b.merged = a;
  if (b.hasReduction) {
    a.domain = b.domain;
    a.hasReduction = true;
  }
  a.members.push(...b.members);
  for (const [tensor, elsewhere] of b.readings) a.read(tensor, elsewhere);
  for (const next of b.successors) a.successors.add(next);
}
