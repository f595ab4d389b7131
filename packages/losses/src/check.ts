/** Checks of shapes and options that several losses share. */
import { ArgumentError, formatShape, ShapeError, sameShape, type Tensor } from "@sconce/core";

/** Refuses two tensors of different shapes; `named` says what they are: `{ prediction, target }`. */
export function checkSameShape(loss: string, named: Readonly<Record<string, Tensor>>): void {
  const [[firstName, first], ...others] = Object.entries(named);
  for (const [name, other] of others) {
    if (sameShape(first.shape, other.shape)) continue;
    throw new ShapeError(
      `${loss}: the ${firstName} has shape ${formatShape(first.shape)}, the ${name} ${formatShape(other.shape)}; they must be equal, ` +
        "since broadcasting one to the other would compare every pair. Use reshape, squeeze or unsqueeze on one of them.",
    );
  }
}

/** Refuses labels that are not one per score vector: scores [N, C, ...], labels [N, ...]. */
export function checkLabels(loss: string, what: string, scores: Tensor, labels: Tensor): void {
  if (scores.rank < 2) {
    throw new ShapeError(
      `${loss}: the ${what} have shape ${formatShape(scores.shape)}; they must be [N, C] or [N, C, ...]. Add a batch axis with ${what}.unsqueeze(0).`,
    );
  }
  const expected = scores.shape.filter((_, axis) => axis !== 1);
  if (sameShape(labels.shape, expected)) return;
  throw new ShapeError(
    `${loss}: the labels are ${labels.dtype} ${formatShape(labels.shape)} for ${what} ${formatShape(scores.shape)}; they must be ${formatShape(expected)}. ` +
      (sameShape(labels.shape, scores.shape)
        ? 'For one-hot targets give probabilities to crossEntropy: target.cast("float32").'
        : `The class axis of the ${what} is axis 1; labels have all the others.`),
  );
}

/** Refuses class weights that are not one per class. */
export function checkWeights(loss: string, weights: Tensor | undefined, classes: number): void {
  if (!weights || (weights.rank === 1 && weights.size === classes)) return;
  throw new ShapeError(
    `${loss}: the weights have shape ${formatShape(weights.shape)}; they must be one per class: [${classes}].`,
  );
}

/** Refuses what is not a finite number of at least 0, or above 0 if it must be. */
export function checkNumber(loss: string, name: string, value: number, above0 = false): void {
  if (Number.isFinite(value) && (above0 ? value > 0 : value >= 0)) return;
  throw new ArgumentError(
    `${loss}: ${name} is ${value}; give a finite number ${above0 ? "above 0" : "of at least 0"}.`,
  );
}

/** `value` if it is a whole number of at least 1. */
export function checkCount(loss: string, name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new ArgumentError(`${loss}: ${name} is ${value}; give a whole number of at least 1.`);
}
