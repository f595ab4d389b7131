/**
 * Cross entropy of two classes, one probability p per element: -(t log p + (1 - t) log(1 - p)).
 *
 * For logits x it is (1 - t) x + (1 + (w - 1) t) softplus(-x), with w the weight of positive targets, which neither
 * overflows nor loses small probabilities.
 */
import { add, clamp, greater, log, multiply, negate, softplus, subtract, type Tensor, where } from "@sconce/core";
import { checkSameShape } from "./check.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface BinaryCrossEntropyOptions {
  /** `mean` over all elements by default. */
  readonly reduction?: Reduction;
  /** Times the loss of each element; any shape that broadcasts. */
  readonly weights?: Tensor;
}

export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** Times the loss of positive targets; any shape that broadcasts, usually one per class: [C]. */
  readonly posWeight?: Tensor;
}

/**
 * The loss of `probabilities` and `target` (from 0 to 1) of one shape: a scalar, or that shape without reduction. As in
 * PyTorch no logarithm counts as less than -100; where one is cut off its gradient is 0.
 */
export function binaryCrossEntropy(
  probabilities: Tensor,
  target: Tensor,
  { reduction = "mean", weights }: BinaryCrossEntropyOptions = {},
): Tensor {
  checkReduction("binaryCrossEntropy", reduction);
  checkSameShape("binaryCrossEntropy", { probabilities, target });
  const positive = multiply(target, boundedLog(probabilities));
  const negative = multiply(subtract(1, target), boundedLog(subtract(1, probabilities)));
  return reduce(weighted(negate(add(positive, negative)), weights), reduction);
}

/** The loss of `logits` and `target` (from 0 to 1) of one shape: a scalar, or that shape without reduction. */
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  target: Tensor,
  { reduction = "mean", weights, posWeight }: BinaryCrossEntropyWithLogitsOptions = {},
): Tensor {
  checkReduction("binaryCrossEntropyWithLogits", reduction);
  checkSameShape("binaryCrossEntropyWithLogits", { logits, target });
  const tail = softplus(negate(logits));
  const positive = posWeight ? multiply(tail, add(multiply(subtract(posWeight, 1), target), 1)) : tail;
  return reduce(weighted(add(multiply(subtract(1, target), logits), positive), weights), reduction);
}

/** log x, but at least -100; finite derivatives everywhere. */
function boundedLog(x: Tensor): Tensor {
  const defined = greater(x, 0);
  return where(defined, clamp(log(where(defined, x, 1)), -100, Number.POSITIVE_INFINITY), -100);
}

function weighted(losses: Tensor, weights: Tensor | undefined): Tensor {
  return weights ? multiply(losses, weights) : losses;
}
