/** Trains a model on examples that are drawn as it goes, with Adam and a rate that falls along a cosine. */
import { compile, grad, type Tensor, training } from "@sconce/core";
import { crossEntropy } from "@sconce/losses";
import type { SequenceToSequence } from "@sconce/models";
import { adam, CosineAnnealing, clipByNorm } from "@sconce/optimizers";
import { batchOf, vocabularyOf } from "./alphabet.ts";
import { seededRandom } from "./random.ts";
import { drawExamples, type Task } from "./tasks/task.ts";

export interface TrainOptions {
  readonly steps: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  /** Called after every step, with its number from 1 and its loss. */
  readonly onStep?: (step: number, loss: number) => void;
}

/** The losses of all steps. */
export async function train(model: SequenceToSequence, task: Task, options: TrainOptions): Promise<number[]> {
  const { steps, batch = 32, learningRate = 0.01, seed = 0, onStep } = options;
  const vocabulary = vocabularyOf(task);
  const optimizer = adam(model.parameters(), { learningRate });
  const schedule = new CosineAnnealing(learningRate, { steps });
  const step = compile((source: Tensor, lengths: Tensor, target: Tensor) =>
    training(() => {
      const { logits } = model.forward(source, { lengths, target });
      const loss = crossEntropy(logits.reshape([-1, vocabulary]), target.flatten());
      optimizer.update(clipByNorm(grad(loss, optimizer.parameters), 1).gradients);
      return loss;
    }),
  );
  const random = seededRandom(seed);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    schedule.apply(optimizer, i);
    const { source, lengths, target } = batchOf(task, drawExamples(task, "training", batch, random));
    losses.push(await (await step(source, lengths, target)).item());
    onStep?.(i + 1, losses[i]);
  }
  return losses;
}
