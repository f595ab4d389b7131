/** Reading scores at class labels, with weights per class and labels that do not count. */
import { cast, gather, indexSelect, notEqual, onesLike, squeeze, type Tensor, unsqueeze, where } from "@sconce/core";

export interface LabelOptions {
  /** A weight per class: [C]. */
  readonly weights?: Tensor;
  /** Elements with this label do not count; -100 by default. */
  readonly ignoreIndex?: number;
}

export interface AtLabels {
  /** The score of each label, of class 0 where the label does not count: [N, ...]. */
  readonly chosen: Tensor;
  /** The weight of each label, 0 where it does not count: [N, ...]. */
  readonly share: Tensor;
  /** Which labels count: bool [N, ...]. */
  readonly counts: Tensor;
}

/** What `scores` [N, C, ...] and the class weights say at `labels` [N, ...]. */
export function atLabels(scores: Tensor, labels: Tensor, { weights, ignoreIndex = -100 }: LabelOptions): AtLabels {
  const whole = cast(labels, "int32");
  const counts = notEqual(whole, ignoreIndex);
  // An ignored label reads class 0, so that nothing undefined enters the gradient.
  const readable = where(counts, whole, 0);
  const chosen = squeeze(gather(scores, unsqueeze(readable, 1), 1), 1);
  const share = where(counts, weights ? indexSelect(weights, readable, 0) : onesLike(chosen), 0);
  return { chosen, share, counts };
}
