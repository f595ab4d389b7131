/** Einstein sums against the definition: a loop over every index. */
import "@sconce/backend-cpu/register";
import { ArgumentError, compile, einsum, explain, openBackend, type Tensor, tensor, zeros } from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  at,
  check,
  expectGradient,
  expectRefusal,
  expectValues,
  onEachWay,
  type Plain,
  plain,
  plainOf,
  positions,
  toTensor,
} from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

/** The sum over all indices that are not in the output of the product of all operands. */
function defined(terms: readonly string[], output: string, operands: readonly Plain[]): Plain {
  const extent = new Map<string, number>();
  terms.forEach((term, i) => {
    for (const [axis, letter] of [...term].entries())
      extent.set(letter, Math.max(extent.get(letter) ?? 0, operands[i].shape[axis]));
  });
  const inner = [...extent.keys()].filter((letter) => !output.includes(letter));
  const sums = positions(inner.map((letter) => extent.get(letter) as number));
  return plain(
    [...output].map((letter) => extent.get(letter) as number),
    (p) =>
      sums.reduce((total, q) => {
        const index = (letter: string): number =>
          output.includes(letter) ? p[output.indexOf(letter)] : q[inner.indexOf(letter)];
        return (
          total +
          operands.reduce(
            (product, x, i) =>
              product *
              at(
                x,
                [...terms[i]].map((letter, axis) => (x.shape[axis] === 1 ? 0 : index(letter))),
              ),
            1,
          )
        );
      }, 0),
  );
}

/** One to three operands over the indices a to d, with repeated letters, axes of extent 1, and any output. */
const equations = fc
  .record({
    terms: fc.array(
      fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 3 }).map((letters) => letters.join("")),
      { minLength: 1, maxLength: 3 },
    ),
    sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
    single: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    pick: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
  })
  .chain(({ terms, sizes, single, pick }) => {
    // An operand may have extent 1 where no other letter of its own says more.
    const shapes = terms.map((term, i) =>
      [...term].map((letter, axis) =>
        single[i] && axis === 0 && term.lastIndexOf(letter) === 0 ? 1 : sizes["abcd".indexOf(letter)],
      ),
    );
    const letters = [...new Set(terms.join(""))].sort((a, b) => pick["abcd".indexOf(a)] - pick["abcd".indexOf(b)]);
    const output = letters.slice(0, pick[0] % (letters.length + 1)).join("");
    return fc.tuple(...shapes.map((shape) => plainOf(shape))).map((operands) => ({ terms, output, operands }));
  });

describe("einsum", () => {
  it("is the sum over every index that the result does not have", async () => {
    await check(
      equations,
      ({ terms, output, operands }) =>
        onEachWay(() =>
          expectValues(
            einsum(`${terms.join(",")}->${output}`, ...operands.map((x) => toTensor(x))),
            defined(terms, output, operands),
          ),
        ),
      150,
    );
  });

  it("sends gradients to every operand", async () => {
    await check(
      equations,
      ({ terms, output, operands }) =>
        expectGradient((...xs) => einsum(`${terms.join(",")} -> ${output}`, ...xs), operands),
      30,
    );
  });

  const [a, b] = [
    tensor([
      [1, 2],
      [3, 4],
    ]),
    tensor([
      [5, 6],
      [7, 8],
    ]),
  ];

  it.each<[string, Tensor[], unknown]>([
    [
      "ij,jk",
      [a, b],
      [
        [19, 22],
        [43, 50],
      ],
    ],
    [
      "ij , jk -> ki",
      [a, b],
      [
        [19, 43],
        [22, 50],
      ],
    ],
    [
      "ba",
      [a],
      [
        [1, 3],
        [2, 4],
      ],
    ],
    ["ii", [a], 5],
    ["ii->i", [a], [1, 4]],
    ["ij->", [a], 10],
    [
      "i,j->ij",
      [tensor([1, 2]), tensor([3, 4])],
      [
        [3, 4],
        [6, 8],
      ],
    ],
    ["ij,ij->i", [a, b], [17, 53]],
    [
      "...j,jk",
      [a, b],
      [
        [19, 22],
        [43, 50],
      ],
    ],
    [
      "...ij->...ji",
      [a],
      [
        [1, 3],
        [2, 4],
      ],
    ],
    ["i...->...", [a], [4, 6]],
    [
      "ab,bc,cd->ad",
      [a, b, a],
      [
        [85, 126],
        [193, 286],
      ],
    ],
    [",->", [tensor(2), tensor(3)], 6],
  ])("%s", async (equation, operands, expected) => {
    expect(await einsum(equation, ...operands).array()).toEqual(expected);
  });

  it("an ellipsis broadcasts, and comes first in an implicit result", () => {
    const shapeOf = (equation: string, ...shapes: number[][]): readonly number[] =>
      einsum(equation, ...shapes.map((shape) => zeros(shape))).shape;
    expect(shapeOf("...ij,...jk->...ik", [5, 1, 2, 3], [4, 3, 2])).toEqual([5, 4, 2, 2]);
    expect(shapeOf("i...j,jk", [2, 5, 6, 3], [3, 4])).toEqual([5, 6, 2, 4]);
    expect(shapeOf("...,...", [2, 1], [3])).toEqual([2, 3]);
    expect(shapeOf("bhqd,bhkd->bhqk", [2, 3, 4, 5], [2, 3, 6, 5])).toEqual([2, 3, 4, 6]);
    expect(shapeOf("ij,jk->ik", [0, 2], [2, 3])).toEqual([0, 3]);
  });

  it("an ellipsis that the result leaves out is summed", async () => {
    expect(await einsum("i...->i", a).array()).toEqual([3, 7]);
  });

  it("keeps integers whole, and promotes", async () => {
    const [m, n] = [tensor([[1, 2]], { dtype: "int32" }), tensor([[3], [4]], { dtype: "int32" })];
    const product = einsum("ij,jk->ik", m, n);
    expect([product.dtype, await product.array()]).toEqual(["int32", [[11]]]);
    expect(einsum("ij,jk->ik", m, b).dtype).toBe("float32");
  });

  it("is one matrix product where there is one", async () => {
    const step = compile((x: Tensor, y: Tensor) => einsum("bij,bkj->bik", x, y));
    await step(zeros([2, 3, 4]), zeros([2, 5, 4]));
    expect(explain(step)).toContain("matmul");
    expect(explain(step)).not.toContain("permute");
  });

  it("says what is wrong", () => {
    expectRefusal(() => einsum("ij,jk", a), ["einsum", '"ij,jk"', "2 operands", "1 were given"], ArgumentError);
    expectRefusal(() => einsum("i1->i", a), ["einsum", '"i1->i"', "letters"], ArgumentError);
    expectRefusal(() => einsum("ij->ik->i", a), ["cannot read"], ArgumentError);
    expectRefusal(() => einsum("ij->k", a), ["index k", "in no operand"], ArgumentError);
    expectRefusal(() => einsum("ij->ii", a), ["index i twice"], ArgumentError);
    expectRefusal(() => einsum("ijk->i", a), ['"ijk"', "3 axes", "[2, 2]"]);
    expectRefusal(() => einsum("i->i", a), ['"i"', "1 axes", "[2, 2]", '"..."']);
    expectRefusal(() => einsum("ij,jk->ik", a, zeros([3, 2])), ["[2, 2] and [3, 2]", "index j is 2 and 3"]);
    expectRefusal(() => einsum("ii->i", zeros([2, 3])), ["index i is 2 and 3"]);
    expectRefusal(() => einsum("...i,...i->i", zeros([2, 2]), zeros([3, 2])), ['axis of "..."', "2 and 3"]);
  });
});
