/** What the fusion pass needs to know of one primitive op: whether it reduces, how much it works, and what it reads how often. */
import { scalarOperators } from "../backend/scalar-operator.ts";
import { type Shape, sizeOf, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Expression, type Index, indexKey } from "./expression.ts";
import { type Domain, Puller, withoutUnits } from "./pull.ts";

export interface NodeFacts {
  /** Loops of the reduction, without unit axes; undefined when every output element is computed on its own. */
  readonly reduce: Shape | undefined;
  /** Work per output element, in additions; moving data costs nothing. */
  readonly cost: number;
  /** How often one run reads an element of each input. */
  readonly reads: ReadonlyMap<Tensor, number>;
  /** The same for each place that is read, by a name that is equal for equal places; "" is the output's own place. */
  readonly places: ReadonlyMap<Tensor, ReadonlyMap<string, number>>;
}

/** The facts of a primitive, its inputs being loaded. */
export function factsOf(tensor: Tensor): NodeFacts {
  const reduce = reductionOf(tensor);
  const domain: Domain = { output: withoutUnits(tensor.shape), reduce: reduce ?? [] };
  const value = new Puller(domain, () => false).root(tensor);
  let cost = 0;
  const reads = new Map<Tensor, number>();
  const places = new Map<Tensor, Map<string, number>>();
  const inner = sizeOf(domain.reduce);
  visit([value], (expression, reducing) => {
    const { node } = expression;
    const times = reducing ? inner : 1;
    if (node.kind === "apply" && node.operator !== "cast") cost += scalarOperators[node.operator].cost * times;
    if (node.kind === "reduce") cost += inner;
    if (node.kind === "load") {
      const count = times * tensor.size;
      reads.set(node.tensor, (reads.get(node.tensor) ?? 0) + count);
      const own = node.guard === undefined && isOwnPosition(node.index, node.tensor, domain);
      const place = own ? "" : `@${domain.output}/${domain.reduce}:${indexKey(node.index)}`;
      const before = places.get(node.tensor);
      if (before) before.set(place, (before.get(place) ?? 0) + count);
      else places.set(node.tensor, new Map([[place, count]]));
    }
  });
  return { reduce, cost, reads, places };
}

/** Whether an index walks a tensor exactly as the kernel's output is written. */
export function isOwnPosition(index: Index, tensor: Tensor, domain: Domain): boolean {
  if (index.offset !== 0 || index.computed.length > 0 || tensor.size !== sizeOf(domain.output)) return false;
  const strides = stridesOf(domain.output);
  return index.strides.every((stride, loop) => stride === (strides[loop] ?? 0));
}

/** The extents over which a primitive reduces, without unit axes; undefined if it does not. */
export function reductionOf(tensor: Tensor): Shape | undefined {
  let extents: Shape | undefined;
  const probe = new Puller(
    { output: withoutUnits(tensor.shape), reduce: [] },
    () => false,
    (found) => {
      extents = withoutUnits(found);
    },
  );
  probe.root(tensor);
  return extents;
}

/** Calls `enter` once for each expression below `roots`, operands first, with whether it is inside a reduction. */
export function visit(roots: readonly Expression[], enter: (expression: Expression, reducing: boolean) => void): void {
  const seen = [new Set<Expression>(), new Set<Expression>()];
  const walk = (expression: Expression, reducing: boolean): void => {
    if (seen[Number(reducing)].has(expression)) return;
    seen[Number(reducing)].add(expression);
    const { node } = expression;
    if (node.kind === "apply") for (const operand of node.operands) walk(operand, reducing);
    else if (node.kind === "reduce") walk(node.value, true);
    else if (node.kind === "position") for (const term of node.index.computed) walk(term.value, reducing);
    else if (node.kind === "load") {
      if (node.guard) walk(node.guard, reducing);
      for (const term of node.index.computed) walk(term.value, reducing);
    }
    enter(expression, reducing);
  };
  for (const root of roots) walk(root, false);
}

/** Every index that `roots` use. */
export function indicesOf(roots: readonly Expression[]): Index[] {
  const found: Index[] = [];
  visit(roots, ({ node }) => {
    if (node.kind === "load" || node.kind === "position") found.push(node.index);
  });
  return found;
}
