/** How the losses of elements become the loss of a batch. */
import { ArgumentError, mean, sum, type Tensor } from "@sconce/core";

/** `none` keeps a loss per element. */
export type Reduction = "mean" | "sum" | "none";

/** Refuses what is no reduction. */
export function checkReduction(loss: string, reduction: Reduction): void {
  if (reduction === "mean" || reduction === "sum" || reduction === "none") return;
  throw new ArgumentError(`${loss}: reduction is ${String(reduction)}; give "mean", "sum" or "none".`);
}

/** The losses reduced, a mean counting every element alike. */
export function reduce(losses: Tensor, reduction: Reduction): Tensor {
  if (reduction === "none") return losses;
  return reduction === "sum" ? sum(losses) : mean(losses);
}
