/**
 * Normal numbers cut off on both sides, by inverting the distribution function: a uniform number between its values at
 * the bounds goes to sqrt(2) erf^-1 of itself. The inverse is Giles' polynomial (2012) in -log(1 - x^2), exact to float32.
 */
import {
  ArgumentError,
  add,
  clamp,
  erfOf,
  less,
  log,
  multiply,
  negate,
  randomUniform,
  sqrt,
  square,
  subtract,
  type Tensor,
  where,
} from "@sconce/core";
import type { Initializer } from "../initializers.ts";

export interface TruncatedNormalOptions {
  /** 0 by default. */
  readonly mean?: number;
  /** Of the normal distribution before it is cut; 1 by default. */
  readonly deviation?: number;
  /** No value is below; -2 by default, whatever the deviation. */
  readonly low?: number;
  /** No value is above; 2 by default, whatever the deviation. */
  readonly high?: number;
}

/** Normal with a mean and a standard deviation, but only between two bounds. */
export function truncatedNormal({
  mean = 0,
  deviation = 1,
  low = -2,
  high = 2,
}: TruncatedNormalOptions = {}): Initializer {
  if (!(low < high && deviation > 0)) {
    throw new ArgumentError(
      `truncatedNormal: deviation is ${deviation}, low ${low}, high ${high}; give a positive deviation, and low below high.`,
    );
  }
  const at = (bound: number): number => erfOf((bound - mean) / deviation / Math.SQRT2);
  return (shape, key, dtype) => {
    const uniform = randomUniform(shape, { key, dtype, low: at(low), high: at(high) });
    return clamp(add(multiply(erfInverse(uniform), deviation * Math.SQRT2), mean), low, high);
  };
}

const central = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3, -4.17768164e-3,
  0.246640727, 1.50140941,
];
const tail = [
  -2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3, 1.00167406,
  2.83297682,
];

/** The x with erf(x) = y, for y between -1 and 1; at the ends, where it is infinite, the value for the nearest float32. */
function erfInverse(y: Tensor): Tensor {
  const inside = clamp(y, -1 + 2 ** -24, 1 - 2 ** -24);
  const w = negate(log(subtract(1, square(inside))));
  const near = polynomial(central, subtract(w, 2.5));
  const far = polynomial(tail, subtract(sqrt(w), 3));
  return multiply(where(less(w, 5), near, far), inside);
}

/** By Horner's rule; the first coefficient is that of the highest power. */
function polynomial(coefficients: readonly number[], x: Tensor): Tensor {
  const [first, second, ...rest] = coefficients;
  return rest.reduce((sum, coefficient) => add(multiply(sum, x), coefficient), add(multiply(x, first), second));
}
