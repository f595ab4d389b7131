/**
 * Sums of products in Einstein's notation.
 *
 * Each operand is first made simple: repeated indices become a diagonal, and indices that nobody else wants are summed.
 * Then the operands are joined from left to right, two at a time. Their indices fall into four groups (kept in both,
 * kept in one or the other, summed), in whose order axes are permuted and joined, so that a pair is one matrix product;
 * without a sum, or without free indices, it is an elementwise product instead, which fuses.
 */
import { isFloat, promote } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { formatShape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { multiply } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { permute } from "../movement/permute.ts";
import { reshape } from "../movement/reshape.ts";
import { slice } from "../movement/slice.ts";
import { sum } from "../reduction/reduce.ts";
import { matmul } from "./matmul.ts";

/** A tensor whose axes have names: letters, or "...n" for the nth axis from the end of an ellipsis. */
interface Labelled {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}

/**
 * The sum of products that `equation` describes: `einsum("bij,bjk->bik", a, b)`. Indices that are missing on the right
 * are summed; without an arrow the result has the indices that occur once, in alphabetical order, after the axes of an
 * ellipsis. An index repeated within one operand takes its diagonal. "..." stands for any axes, which broadcast.
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  const { inputs, output } = parse(equation, operands);
  const dtype = operands.map((operand) => operand.dtype).reduce((a, b) => promote("einsum", a, b));
  const summable = dtype === "bool" || dtype === "uint8" ? "int32" : dtype;
  const extents = extentsOf(equation, operands, inputs);
  const simple = operands.map((operand, i) =>
    withoutUnits(diagonal({ tensor: cast(operand, summable), labels: inputs[i] }), extents),
  );
  const joined = simple.slice(1).reduce((left, right, i) => {
    const wanted = new Set([...output, ...simple.slice(i + 2).flatMap(({ labels }) => labels)]);
    return contract(
      sumUnwanted(left, [...wanted, ...right.labels]),
      sumUnwanted(right, [...wanted, ...left.labels]),
      wanted,
    );
  }, simple[0]);
  const result = sumUnwanted(joined, output);
  return permute(
    result.tensor,
    output.map((label) => result.labels.indexOf(label)),
  );
}

function parse(equation: string, operands: readonly Tensor[]): { inputs: string[][]; output: string[] } {
  const compact = equation.replace(/\s/g, "");
  const [left, right, ...more] = compact.split("->");
  const terms = left.split(",");
  if (more.length > 0 || ![...terms, right ?? ""].every((term) => /^[a-zA-Z]*(\.\.\.)?[a-zA-Z]*$/.test(term))) {
    throw new ArgumentError(
      `einsum: cannot read "${equation}"; write the indices of each operand as letters with at most one "...", separated by commas, then "->" and those of the result: "bij,bjk->bik".`,
    );
  }
  if (operands.length !== terms.length) {
    throw new ArgumentError(
      `einsum: "${equation}" describes ${terms.length} operands, but ${operands.length} were given; give one tensor for each.`,
    );
  }
  const inputs = terms.map((term, i) => expand(equation, term, operands[i]));
  const all = inputs.flat();
  const ellipsis = [...new Set(all.filter((label) => label.length > 1))].sort(
    (a, b) => Number(b.slice(3)) - Number(a.slice(3)),
  );
  const once = all.filter((label) => label.length === 1 && all.indexOf(label) === all.lastIndexOf(label)).sort();
  const output =
    right === undefined
      ? [...ellipsis, ...once]
      : [...right.replace("...", ".")].flatMap((c) => (c === "." ? ellipsis : [c]));
  for (const label of output) {
    if (!all.includes(label))
      throw new ArgumentError(
        `einsum: index ${label} of the result of "${equation}" is in no operand; remove it or correct its name.`,
      );
    if (output.indexOf(label) !== output.lastIndexOf(label))
      throw new ArgumentError(`einsum: the result of "${equation}" has index ${label} twice; name each index once.`);
  }
  return { inputs, output };
}

/** The labels of one operand's axes. */
function expand(equation: string, term: string, operand: Tensor): string[] {
  const letters = term.replace("...", "");
  const hidden = operand.rank - letters.length;
  if (hidden < 0 || (hidden > 0 && letters === term)) {
    throw new ShapeError(
      `einsum: "${term}" of "${equation}" names ${letters.length} axes, but its operand is ${formatShape(operand.shape)}; name every axis once, or write "..." for the rest.`,
    );
  }
  return [...term.replace("...", ".")].flatMap((c) =>
    c === "." ? Array.from({ length: hidden }, (_, i) => `...${hidden - 1 - i}`) : [c],
  );
}

/** The extent of each index: axes of one index are equal, or 1 and repeated. */
function extentsOf(
  equation: string,
  operands: readonly Tensor[],
  inputs: readonly (readonly string[])[],
): ReadonlyMap<string, number> {
  const extents = new Map<string, number>();
  inputs.forEach((labels, i) => {
    labels.forEach((label, axis) => {
      const extent = operands[i].shape[axis];
      const known = extents.get(label) ?? 1;
      const diagonal = labels.indexOf(label);
      if ((known !== 1 && extent !== 1 && known !== extent) || operands[i].shape[diagonal] !== extent) {
        throw new ShapeError(
          `einsum: in "${equation}" of ${operands.map(({ shape }) => formatShape(shape)).join(" and ")}, ${label.length > 1 ? 'an axis of "..."' : `index ${label}`} ` +
            `is ${operands[i].shape[diagonal] !== extent ? operands[i].shape[diagonal] : known} and ${extent}; axes of one index must be equal.`,
        );
      }
      extents.set(label, known === 1 ? extent : known);
    });
  });
  return extents;
}

/** Repeated labels taken once, along the diagonal of their axes. */
function diagonal({ tensor, labels }: Labelled): Labelled {
  const second = labels.findIndex((label, axis) => labels.indexOf(label) < axis);
  if (second < 0) return { tensor, labels };
  const first = labels.indexOf(labels[second]);
  const others = labels.map((_, axis) => axis).filter((axis) => axis !== first && axis !== second);
  const lead = others.map((axis) => tensor.shape[axis]);
  const extent = tensor.shape[first];
  const flat = reshape(permute(tensor, [...others, first, second]), [...lead, extent * extent]);
  const taken = slice(flat, [...lead.map(() => null), { step: extent + 1 }]);
  return diagonal({ tensor: taken, labels: [...others.map((axis) => labels[axis]), labels[first]] });
}

/** Without the axes of extent 1 that another operand has longer: leaving them out repeats them. */
function withoutUnits({ tensor, labels }: Labelled, extents: ReadonlyMap<string, number>): Labelled {
  const kept = labels.map((label, axis) => tensor.shape[axis] === extents.get(label));
  return {
    tensor: reshape(
      tensor,
      tensor.shape.filter((_, axis) => kept[axis]),
    ),
    labels: labels.filter((_, axis) => kept[axis]),
  };
}

function sumUnwanted({ tensor, labels }: Labelled, wanted: readonly string[]): Labelled {
  const axes = labels.map((_, axis) => axis).filter((axis) => !wanted.includes(labels[axis]));
  return axes.length === 0
    ? { tensor, labels }
    : { tensor: sum(tensor, { axes }), labels: labels.filter((label) => wanted.includes(label)) };
}

/** The product of two operands, summed over the indices that both have and nobody wants. */
function contract(left: Labelled, right: Labelled, wanted: ReadonlySet<string>): Labelled {
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => wanted.has(label));
  const summed = shared.filter((label) => !wanted.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...rows, ...columns];
  const extent = (label: string): number =>
    left.labels.includes(label)
      ? left.tensor.shape[left.labels.indexOf(label)]
      : right.tensor.shape[right.labels.indexOf(label)];
  if (summed.length === 0 || rows.length + columns.length === 0 || !isFloat(left.tensor.dtype)) {
    const order = [...labels, ...summed];
    const product = multiply(aligned(left, order), aligned(right, order));
    return sumUnwanted({ tensor: product, labels: order }, labels);
  }
  const shapeOf = (...groups: readonly (readonly string[])[]): number[] =>
    groups.map((group) => sizeOf(group.map(extent)));
  const lead = batch.map(extent);
  const a = reshape(inOrder(left, [...batch, ...rows, ...summed]), [...lead, ...shapeOf(rows, summed)]);
  const b = reshape(inOrder(right, [...batch, ...summed, ...columns]), [...lead, ...shapeOf(summed, columns)]);
  return { tensor: reshape(matmul(a, b), labels.map(extent)), labels };
}

function inOrder({ tensor, labels }: Labelled, order: readonly string[]): Tensor {
  return permute(
    tensor,
    order.map((label) => labels.indexOf(label)),
  );
}

/** The axes in the given order, with extent 1 for those that are missing. */
function aligned(operand: Labelled, order: readonly string[]): Tensor {
  const present = inOrder(
    operand,
    order.filter((label) => operand.labels.includes(label)),
  );
  let next = 0;
  return reshape(
    present,
    order.map((label) => (operand.labels.includes(label) ? present.shape[next++] : 1)),
  );
}
