/**
 * Random bits from a counter: Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"). Element i is a function of the key and i alone, so every backend makes the same bits in any order.
 */
import type { Signature } from "../../backend/backend.ts";
import type { ElementBuilder } from "../../compiler/element.ts";
import type { Expression } from "../../compiler/expression.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { type Shape, stridesOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

/** The two output words of Threefry-2x32 for a key and a counter, as expressions. */
function threefry(
  e: ElementBuilder,
  key: readonly [Expression, Expression],
  counter: readonly [Expression, Expression],
): [Expression, Expression] {
  const word = (value: number): Expression => e.constant(value >>> 0, "uint32");
  const add = (a: Expression, b: Expression): Expression => e.apply("add", a, b);
  const rotate = (x: Expression, bits: number): Expression =>
    e.apply("bitwiseOr", e.apply("shiftLeft", x, word(bits)), e.apply("shiftRight", x, word(32 - bits)));
  const parity = e.apply("bitwiseXor", e.apply("bitwiseXor", key[0], key[1]), word(0x1bd11bda));
  const schedule = [key[0], key[1], parity];
  let [x, y] = [add(counter[0], key[0]), add(counter[1], key[1])];
  for (let round = 0; round < 5; round++) {
    for (const bits of rotations[round % 2]) {
      x = add(x, y);
      y = e.apply("bitwiseXor", rotate(y, bits), x);
    }
    x = add(x, schedule[(round + 1) % 3]);
    y = add(add(y, schedule[(round + 2) % 3]), word(round + 1));
  }
  return [x, y];
}

/** input: a key uint32 [2]. */
export const randomBitsOp: OpDefinition<{ readonly shape: Shape }> = /* @__PURE__ */ defineOp({
  name: "randomBits",
  infer: (_, { shape }): Signature => ({ shape, dtype: "uint32" }),
  lower: (e, { shape }) => {
    const { build } = e;
    const strides = stridesOf(shape);
    const flat = e.index.reduce(
      (sum, index, axis) => build.addIndex(sum, build.scaleIndex(index, strides[axis])),
      build.fixed(0),
    );
    const key = [e.load(0, [build.fixed(0)]), e.load(0, [build.fixed(1)])] as const;
    const counter = e.cast(build.position(flat), "uint32");
    return threefry(e, key, [counter, e.constant(0, "uint32")])[0];
  },
  gradient: () => [null],
});

/** input: a key uint32 [2] and a counter uint32 [1]; the key of that draw, uint32 [2]. */
export const deriveKeyOp: OpDefinition = /* @__PURE__ */ defineOp<unknown>({
  name: "deriveKey",
  infer: (): Signature => ({ shape: [2], dtype: "uint32" }),
  lower: (e) => {
    const { build } = e;
    const key = [e.load(0, [build.fixed(0)]), e.load(0, [build.fixed(1)])] as const;
    const [x, y] = threefry(e, key, [e.load(1, [build.fixed(0)]), e.constant(1, "uint32")]);
    return e.apply("where", e.apply("equal", build.position(e.index[0]), e.constant(0, "int32")), x, y);
  },
  gradient: () => [null, null],
});

/** 32 random bits per element, from a key uint32 [2]. */
export function randomBits(key: Tensor, shape: Shape): Tensor {
  return apply(randomBitsOp, [key], { shape });
}

/** A key of its own for draw number `counter` (uint32 [1]). */
export function deriveKey(key: Tensor, counter: Tensor): Tensor {
  return apply(deriveKeyOp, [key, counter], undefined);
}
