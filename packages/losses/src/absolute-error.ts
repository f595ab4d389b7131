/** Losses that grow with the absolute difference d = |prediction - target|, and are smooth near 0 or not. */
import { abs, less, multiply, square, subtract, type Tensor, where } from "@sconce/core";
import { checkNumber, checkSameShape } from "./check.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface L1LossOptions {
  /** `mean` over all elements by default. */
  readonly reduction?: Reduction;
}

export interface SmoothL1LossOptions extends L1LossOptions {
  /** Where the parabola becomes a line; 1 by default, 0 gives `l1Loss`. */
  readonly beta?: number;
}

export interface HuberLossOptions extends L1LossOptions {
  /** Where the parabola becomes a line; 1 by default. */
  readonly delta?: number;
}

/** d, for `prediction` and `target` of one shape: a scalar, or that shape without reduction. */
export function l1Loss(prediction: Tensor, target: Tensor, { reduction = "mean" }: L1LossOptions = {}): Tensor {
  checkReduction("l1Loss", reduction);
  checkSameShape("l1Loss", { prediction, target });
  return reduce(abs(subtract(prediction, target)), reduction);
}

/** d^2 / (2 beta) below beta, d - beta / 2 from there on (Girshick 2015); shapes as in `l1Loss`. */
export function smoothL1Loss(
  prediction: Tensor,
  target: Tensor,
  { beta = 1, reduction = "mean" }: SmoothL1LossOptions = {},
): Tensor {
  checkReduction("smoothL1Loss", reduction);
  checkNumber("smoothL1Loss", "beta", beta);
  checkSameShape("smoothL1Loss", { prediction, target });
  const distance = abs(subtract(prediction, target));
  if (beta === 0) return reduce(distance, reduction);
  const parabola = multiply(square(distance), 0.5 / beta);
  return reduce(where(less(distance, beta), parabola, subtract(distance, beta / 2)), reduction);
}

/** d^2 / 2 below delta, delta (d - delta / 2) from there on (Huber 1964); shapes as in `l1Loss`. */
export function huberLoss(
  prediction: Tensor,
  target: Tensor,
  { delta = 1, reduction = "mean" }: HuberLossOptions = {},
): Tensor {
  checkReduction("huberLoss", reduction);
  checkNumber("huberLoss", "delta", delta, true);
  checkSameShape("huberLoss", { prediction, target });
  const distance = abs(subtract(prediction, target));
  const line = multiply(subtract(distance, delta / 2), delta);
  return reduce(where(less(distance, delta), multiply(square(distance), 0.5), line), reduction);
}
