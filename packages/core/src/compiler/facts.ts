/** What the fusion pass needs to know of one primitive op: whether it reduces, how much it works, and what it reads how often. */
import { scalarOperators } from "../backend/scalar-operator.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Expression, Index } from "./expression.ts";
import { type Domain, Puller, withoutUnits } from "./pull.ts";

export interface NodeFacts {
  /** Loops of the reduction, without unit axes; undefined when every output element is computed on its own. */
  readonly reduce: Shape | undefined;
  /** Work per output element, in additions; moving data costs nothing. */
  readonly cost: number;
  /** How often one run reads an element of each input. */
  readonly reads: ReadonlyMap<Tensor, number>;
}

/** The facts of a primitive, its inputs being loaded. */
export function factsOf(tensor: Tensor): NodeFacts {
  const reduce = reductionOf(tensor);
  const domain: Domain = { output: withoutUnits(tensor.shape), reduce: reduce ?? [] };
  const value = new Puller(domain, () => false).root(tensor);
  let cost = 0;
  const reads = new Map<Tensor, number>();
  const inner = sizeOf(domain.reduce);
  visit([value], (expression, reducing) => {
    const { node } = expression;
    const times = reducing ? inner : 1;
    if (node.kind === "apply" && node.operator !== "cast") cost += scalarOperators[node.operator].cost * times;
    if (node.kind === "reduce") cost += inner;
    if (node.kind === "load") reads.set(node.tensor, (reads.get(node.tensor) ?? 0) + times * tensor.size);
  });
  return { reduce, cost, reads };
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
