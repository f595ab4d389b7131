/** How good a model is on images it was not trained on. */
import { compile, softmax, type Tensor } from "@sconce/core";
import { DataLoader } from "@sconce/data";
import type { Layer } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import type { DigitSet } from "./digit-sets.ts";

/** What the model says about one image. */
export interface Prediction {
  readonly label: number;
  readonly predicted: number;
  /** Of the predicted digit. */
  readonly probability: number;
  /** The image: 64 numbers from 0 to 1. */
  readonly ink: ArrayLike<number>;
}

export interface Evaluation {
  /** Mean cross entropy. */
  readonly loss: number;
  /** From 0 to 1. */
  readonly accuracy: number;
  readonly predictions: readonly Prediction[];
}

/** A function that evaluates the model as it is at each call. */
export function createEvaluator(model: Layer): (set: DigitSet) => Promise<Evaluation> {
  const predict = compile((images: Tensor, labels: Tensor) => {
    const logits = model.forward(images);
    const probabilities = softmax(logits, 1);
    return {
      losses: crossEntropy(logits, labels, { reduction: "none" }),
      probabilities: probabilities.max({ axes: 1 }),
      digits: probabilities.argmax({ axis: 1 }),
    };
  });
  return async (set) => {
    const predictions: Prediction[] = [];
    let total = 0;
    for await (const { images, labels } of new DataLoader(set, { batchSize: 120 })) {
      const results = await predict(images, labels);
      const [losses, probabilities, digits, truth, pixels] = await Promise.all(
        [results.losses, results.probabilities, results.digits, labels, images].map((tensor) => tensor.data()),
      );
      for (const [i, predicted] of digits.entries()) {
        total += losses[i];
        const ink = pixels.subarray(i * 64, (i + 1) * 64);
        predictions.push({ label: truth[i], predicted, probability: probabilities[i], ink });
      }
    }
    const right = predictions.filter(({ label, predicted }) => label === predicted).length;
    return { loss: total / predictions.length, accuracy: right / predictions.length, predictions };
  };
}
