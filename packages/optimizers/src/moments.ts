/** Running means of gradients that start from zero, and what they then lack to a weighted mean. */
import { add, expm1, multiply, negate, onesLike, square, subtract, type Tensor } from "@sconce/core";
import { checkAtLeast0, checkBelow1 } from "./check.ts";

/** How fast the means of gradients and of their squares follow, and what keeps quotients finite. */
export interface MomentOptions {
  /** How much of the mean gradient each update keeps; 0.9 by default. */
  readonly beta1?: number;
  /** How much of the mean squared gradient each update keeps; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the divisor; 1e-8 by default. */
  readonly epsilon?: number;
  /** Times the parameter, added to its gradient; 0 by default. */
  readonly weightDecay?: number;
}

/** Refuses options out of range. */
export function checkMoments(name: string, { beta1, beta2, epsilon, weightDecay }: Required<MomentOptions>): void {
  checkBelow1(name, "beta1", beta1);
  checkBelow1(name, "beta2", beta2);
  checkAtLeast0(name, "epsilon", epsilon);
  checkAtLeast0(name, "weightDecay", weightDecay);
}

/** 1 - beta^t without cancellation: what weights that start from zero lack to a sum of 1. */
export function correction(counts: Tensor, beta: number): Tensor {
  return beta === 0 ? onesLike(counts) : negate(expm1(multiply(counts, Math.log(beta))));
}

/** beta mean + (1 - beta) x. */
export function meanOf(mean: Tensor, x: Tensor, beta: number): Tensor {
  return add(mean, multiply(subtract(x, mean), 1 - beta));
}

/** beta mean + (1 - beta) x^2. */
export function meanOfSquares(mean: Tensor, x: Tensor, beta: number): Tensor {
  return add(multiply(mean, beta), multiply(square(x), 1 - beta));
}

/** The gradient of a loss with weightDecay / 2 times the sum of squares added. */
export function withDecay(gradient: Tensor, value: Tensor, weightDecay: number): Tensor {
  return weightDecay === 0 ? gradient : add(gradient, multiply(value, weightDecay));
}

/** The value less learningRate weightDecay times itself: decay apart from the gradient (Loshchilov and Hutter 2019). */
export function decayed(value: Tensor, learningRate: Tensor, weightDecay: number): Tensor {
  return weightDecay === 0 ? value : subtract(value, multiply(multiply(value, weightDecay), learningRate));
}
