/**
 * RMSprop (Tieleman and Hinton 2012; centered: Graves 2013), as in PyTorch:
 *   g += weightDecay p;  v = alpha v + (1 - alpha) g^2;  step = g / (sqrt(v) + epsilon);
 *   p -= learningRate step, or with momentum  b = momentum b + step;  p -= learningRate b.
 * Centered, v less the square of the mean gradient takes the place of v in the divisor: the variance. Where rounding
 * makes it negative it counts as 0.
 */
import { add, divide, maximum, multiply, sqrt, square, subtract } from "@sconce/core";
import { checkAtLeast0, checkBelow1 } from "./check.ts";
import type { ParameterList } from "./groups.ts";
import { meanOf, meanOfSquares, withDecay } from "./moments.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface RMSpropOptions {
  /** 0.01 by default. */
  readonly learningRate?: number;
  /** How much of the mean squared gradient each update keeps; 0.99 by default. */
  readonly alpha?: number;
  /** Added to the root of the mean squared gradient; 1e-8 by default. */
  readonly epsilon?: number;
  /** Times the parameter, added to its gradient; 0 by default. */
  readonly weightDecay?: number;
  /** The part of the last step that is kept; 0 by default. */
  readonly momentum?: number;
  /** Divides by the standard deviation of the gradient; false by default. */
  readonly centered?: boolean;
}

type Settings = Required<RMSpropOptions>;

const rule: UpdateRule<Settings> = {
  name: "rmsprop",
  check({ alpha, epsilon, weightDecay, momentum }: Settings): void {
    checkBelow1("rmsprop", "alpha", alpha);
    checkAtLeast0("rmsprop", "epsilon", epsilon);
    checkAtLeast0("rmsprop", "weightDecay", weightDecay);
    checkAtLeast0("rmsprop", "momentum", momentum);
  },
  state: ({ momentum, centered }) => ({
    square_avg: 0,
    ...(momentum !== 0 && { momentum_buffer: 0 }),
    ...(centered && { grad_avg: 0 }),
  }),
  apply({ value, gradient, state, learningRate, options }: ParameterUpdate<Settings>): ParameterResult {
    const { alpha, epsilon, weightDecay, momentum, centered } = options;
    const slope = withDecay(gradient, value, weightDecay);
    const squares = meanOfSquares(state.square_avg, slope, alpha);
    const mean = centered ? meanOf(state.grad_avg, slope, alpha) : undefined;
    const spread = mean ? maximum(subtract(squares, square(mean)), 0) : squares;
    const scaled = divide(slope, add(sqrt(spread), epsilon));
    const step = momentum === 0 ? scaled : add(multiply(state.momentum_buffer, momentum), scaled);
    return {
      value: subtract(value, multiply(step, learningRate)),
      state: { square_avg: squares, ...(momentum !== 0 && { momentum_buffer: step }), ...(mean && { grad_avg: mean }) },
    };
  },
};

/** RMSprop; see `rmsprop`. */
export class RMSprop extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: RMSpropOptions = {}) {
    const { learningRate = 0.01, alpha = 0.99, epsilon = 1e-8, weightDecay = 0 } = options;
    const { momentum = 0, centered = false } = options;
    super(parameters, { learningRate, alpha, epsilon, weightDecay, momentum, centered }, rule);
  }
}

/** RMSprop: gradients relative to their usual magnitude, with optional momentum. */
export function rmsprop(parameters: ParameterList<Settings>, options: RMSpropOptions = {}): RMSprop {
  return new RMSprop(parameters, options);
}
