/** Trains the classifier on batches drawn at random, with Adam and a rate that falls along a cosine, and counts what it gets right. */
import { argmax, compile, grad, type Tensor, tensor, training } from "@sconce/core";
import { crossEntropy } from "@sconce/losses";
import { adam, CosineAnnealing, clipByNorm } from "@sconce/optimizers";
import type { NameClassifier } from "./classifier.ts";
import { alphabet, type Name } from "./names.ts";
import type { Random } from "./random.ts";

/** The letters that are read of a name; longer ones are cut. */
const steps = 16;

/** N names as tensors, int32. */
interface Batch {
  /** [16, N]; what lies behind the end of a name is never read. */
  readonly letters: Tensor;
  /** [N]. */
  readonly lengths: Tensor;
  /** [N]. */
  readonly labels: Tensor;
}

export interface TrainOptions {
  readonly steps: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly random: Random;
  /** Called after every step, with its number from 1 and its loss. */
  readonly onStep?: (step: number, loss: number) => void;
}

/** The losses of all steps. */
export async function train(model: NameClassifier, names: readonly Name[], options: TrainOptions): Promise<number[]> {
  const { batch = 64, learningRate = 0.01, random, onStep } = options;
  const optimizer = adam(model.parameters(), { learningRate });
  const schedule = new CosineAnnealing(learningRate, { steps: options.steps });
  const step = compile((letters: Tensor, lengths: Tensor, labels: Tensor) =>
    training(() => {
      const loss = crossEntropy(model.forward(letters, lengths), labels);
      optimizer.update(clipByNorm(grad(loss, optimizer.parameters), 1).gradients);
      return loss;
    }),
  );
  const losses: number[] = [];
  for (let i = 0; i < options.steps; i++) {
    schedule.apply(optimizer, i);
    const drawn = Array.from({ length: batch }, () => names[random(names.length)]);
    const { letters, lengths, labels } = batchOf(drawn);
    losses.push(await (await step(letters, lengths, labels)).item());
    onStep?.(i + 1, losses[i]);
  }
  return losses;
}

/** The most probable label of each name, `batch` names at a time. */
export async function classify(model: NameClassifier, names: readonly Name[], batch = 200): Promise<number[]> {
  const found: number[] = [];
  for (let first = 0; first < names.length; first += batch) {
    const part = names.slice(first, first + batch);
    // The last batch is filled up, so that one program serves all.
    const { letters, lengths } = batchOf(Array.from({ length: batch }, (_, n) => part[n] ?? part[0]));
    const labels = await argmax(model.forward(letters, lengths), { axis: 1 }).data();
    found.push(...Array.from(labels.slice(0, part.length), Number));
  }
  return found;
}

function batchOf(names: readonly Name[]): Batch {
  const int32 = { dtype: "int32" } as const;
  return {
    letters: tensor(
      Array.from({ length: steps }, (_, t) =>
        names.map(({ text }) => (t < text.length ? alphabet.indexOf(text[t]) : 0)),
      ),
      int32,
    ),
    lengths: tensor(
      names.map(({ text }) => Math.min(steps, text.length)),
      int32,
    ),
    labels: tensor(
      names.map(({ label }) => label),
      int32,
    ),
  };
}
