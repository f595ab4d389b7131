/** Random tensors. The bits are the same on every backend; functions of them (log, cos) may differ in the last place. */
import type { DType } from "../../dtype.ts";
import { ArgumentError, CaptureError } from "../../errors.ts";
import { defaultRandomState, hashKey, type RandomState } from "../../random-state.ts";
import { currentTrace } from "../../runtime/trace.ts";
import { checkShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, multiply } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { less, shiftRight } from "../elementwise/comparison.ts";
import { cos, log, negate, sqrt } from "../elementwise/unary.ts";
import { argsort } from "../indexing/sort.ts";
import { reshape } from "../movement/reshape.ts";
import { narrow } from "../movement/slice.ts";
import { randomBits } from "./random-bits.ts";
import { tensor } from "./tensor.ts";

/** Where random numbers come from: the default generator unless another, or a seed or key for this call alone, is given. */
export interface RandomOptions {
  readonly generator?: RandomState;
  /** A whole number: the same call gives the same numbers. */
  readonly seed?: number;
  /** A key uint32 [2]. */
  readonly key?: Tensor;
  readonly dtype?: DType;
}

function keyOf(op: string, { generator, seed, key }: RandomOptions): Tensor {
  if (key) return key;
  if (seed === undefined) return (generator ?? defaultRandomState).draw();
  if (!Number.isInteger(seed)) throw new ArgumentError(`${op}: the seed is ${seed}; give a whole number.`);
  if (currentTrace()) {
    throw new CaptureError(
      `${op}: a fixed seed inside a function under compile would give the same numbers at every replay.\n` +
        `  wrong:  compile((x) => x.add(${op}([3], { seed: 1 })))\n` +
        `  right:  const generator = new RandomState(1); compile((x) => x.add(${op}([3], { generator })))`,
    );
  }
  return tensor(new Uint32Array(hashKey(seed, "")));
}

/** Uniform numbers in [low, high). */
export function randomUniform(
  shape: Shape,
  options: RandomOptions & { readonly low?: number; readonly high?: number } = {},
): Tensor {
  const { low = 0, high = 1, dtype = "float32" } = options;
  const unit = unitUniform(checkShape("randomUniform", shape), keyOf("randomUniform", options), dtype);
  return add(multiply(unit, high - low), low);
}

/** Multiples of 2^-24 in [0, 1). */
function unitUniform(shape: Shape, key: Tensor, dtype: DType): Tensor {
  return multiply(cast(cast(shiftRight(randomBits(key, shape), 8), "int32"), dtype), 2 ** -24);
}

/** Normal numbers, by Box and Muller's transform of two uniform ones. */
export function randomNormal(
  shape: Shape,
  options: RandomOptions & { readonly mean?: number; readonly deviation?: number } = {},
): Tensor {
  const { mean = 0, deviation = 1, dtype = "float32" } = options;
  const checked = checkShape("randomNormal", shape);
  const pairs = unitUniform([2, ...checked], keyOf("randomNormal", options), dtype);
  const first = reshape(narrow(pairs, 0, 0, 1), checked);
  const second = reshape(narrow(pairs, 0, 1, 1), checked);
  // 1 - u is in (0, 1], where the logarithm is finite.
  const radius = sqrt(multiply(log(add(negate(first), 1)), -2));
  return add(multiply(multiply(radius, cos(multiply(second, 2 * Math.PI))), deviation), mean);
}

/** True with the given probability. */
export function randomBernoulli(shape: Shape, probability: number, options: RandomOptions = {}): Tensor {
  if (!(probability >= 0 && probability <= 1))
    throw new ArgumentError(`randomBernoulli: probability is ${probability}; give a number from 0 to 1.`);
  return less(
    unitUniform(checkShape("randomBernoulli", shape), keyOf("randomBernoulli", options), "float32"),
    probability,
  );
}

/** The numbers 0 to n - 1 in random order, as int32 [n]. */
export function randomPermutation(n: number, options: RandomOptions = {}): Tensor {
  // Bits as int32 keep all 32 of them apart; equal ones (rare) stay in order.
  return argsort(randomBits(keyOf("randomPermutation", options), checkShape("randomPermutation", [n])));
}
