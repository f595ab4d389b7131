/** Training: epochs of compiled steps, with a learning rate that rises and falls. */
import { setImmediate } from "node:timers/promises";
import { compile, grad, type Tensor, training } from "@sconce/core";
import { DataLoader } from "@sconce/data";
import type { Layer } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { adam } from "@sconce/optimizers";
import type { DigitSet } from "./digit-sets.ts";
import { createEvaluator, type Evaluation } from "./evaluate.ts";

export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  /** The highest that the schedule reaches. */
  readonly learningRate: number;
  /** Of the order of the images. */
  readonly seed: number;
}

/** Means over the steps of an epoch so far. */
export interface Means {
  readonly loss: number;
  readonly accuracy: number;
}

/** Called after each step, and after each epoch with how it went. */
export interface TrainingListener {
  step?(progress: {
    readonly steps: number;
    readonly totalSteps: number;
    readonly epoch: number;
    readonly means: Means;
  }): void;
  epoch?(result: EpochResult): void;
}

export interface EpochResult {
  /** The first is 1. */
  readonly epoch: number;
  readonly training: Means;
  readonly test: Means;
}

export interface TrainingResult {
  /** The completed ones. */
  readonly epochs: readonly EpochResult[];
  readonly steps: number;
  /** Of the model as it is at the end. */
  readonly evaluation: Evaluation;
  readonly interrupted: boolean;
}

/** Trains until the last epoch, or until `signal` is aborted and the step under way is done; then evaluates. */
export async function train(
  model: Layer,
  sets: { readonly training: DigitSet; readonly test: DigitSet },
  { epochs, batchSize, learningRate, seed }: TrainingOptions,
  { listener = {}, signal }: { readonly listener?: TrainingListener; readonly signal?: AbortSignal } = {},
): Promise<TrainingResult> {
  const loader = new DataLoader(sets.training, { batchSize, shuffle: true, seed, dropLast: true });
  const totalSteps = epochs * loader.length;
  const optimizer = adam(model.parameters());
  const step = compile((images: Tensor, labels: Tensor) =>
    training(() => {
      const logits = model.forward(images);
      const loss = crossEntropy(logits, labels);
      optimizer.update(grad(loss, model.parameters()));
      return { loss, accuracy: logits.argmax({ axis: 1 }).equal(labels).cast("float32").mean() };
    }),
  );
  const evaluate = createEvaluator(model);
  const results: EpochResult[] = [];
  let evaluation: Evaluation | undefined;
  let steps = 0;
  for (let epoch = 1; epoch <= epochs && !signal?.aborted; epoch++) {
    const first = steps;
    let [lossSum, accuracySum] = [0, 0];
    let means: Means = { loss: 0, accuracy: 0 };
    for await (const { images, labels } of loader) {
      optimizer.learningRate = learningRate * schedule(steps / totalSteps);
      const { loss, accuracy } = await step(images, labels);
      lossSum += await loss.item();
      accuracySum += await accuracy.item();
      steps++;
      means = { loss: lossSum / (steps - first), accuracy: accuracySum / (steps - first) };
      listener.step?.({ steps, totalSteps, epoch, means });
      // Lets signals and the terminal have their turn.
      await setImmediate();
      if (signal?.aborted) break;
    }
    evaluation = await evaluate(sets.test);
    if (steps - first < loader.length) break;
    results.push({ epoch, training: means, test: evaluation });
    listener.epoch?.(results[results.length - 1]);
  }
  evaluation ??= await evaluate(sets.test);
  return { epochs: results, steps, evaluation, interrupted: steps < totalSteps };
}

/** From the part of the training that is done to the part of the learning rate: a short rise, then half a cosine down to 0. */
export function schedule(done: number): number {
  const rise = 0.1;
  return Math.min(1, (done + 0.01) / rise) * 0.5 * (1 + Math.cos(Math.PI * done));
}
