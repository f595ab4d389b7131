/** Trains the net with one objective, and embeds what it has not seen. */
import { compile, grad, type HostArray, setSeed, type Tensor, training } from "@sconce/core";
import { DataLoader, type Subset, splitDataset, stackExamples } from "@sconce/data";
import { digits } from "@sconce/data/digits";
import { Module } from "@sconce/layers";
import { adam } from "@sconce/optimizers";
import { type Angles, measureAngles } from "./angles.ts";
import { EmbeddingNet } from "./net.ts";
import type { Contender, Objective } from "./objectives.ts";

export interface Outcome extends Angles {
  readonly name: string;
  /** The part of the held-out digits that the head reads rightly. */
  readonly accuracy: number;
  /** The held-out digits as x0, y0, x1, y1, ... */
  readonly points: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

class Model extends Module {
  readonly net: EmbeddingNet = new EmbeddingNet();
  readonly objective: Objective;

  constructor(objective: Objective) {
    super();
    this.objective = objective;
  }

  override forward(images: Tensor, labels: Tensor): Tensor {
    return this.objective.forward(this.net.forward(images), labels);
  }
}

export interface TrainingOptions {
  /** Times to go through the training images; 30 by default. */
  readonly epochs?: number;
  /** Of the first weights and of the order of the images; 0 by default. */
  readonly seed?: number;
  /** How many images to train on, the rest being held out; 1437 by default. */
  readonly examples?: number;
  /** What the net and its classifier start from, as `warmUp` returns it. */
  readonly start?: Readonly<Record<string, HostArray>>;
}

/** Trains with plain softmax only: a start that all losses share, so that classes come in the same order around the origin. */
export async function warmUp(contender: Contender, options: TrainingOptions = {}): Promise<Record<string, HostArray>> {
  const model = await fit(contender, cut(options).known, options);
  return model.stateDict();
}

/** Trains on most digits and measures the others. */
export async function train(contender: Contender, options: TrainingOptions = {}): Promise<Outcome> {
  const { known, held } = cut(options);
  return { name: contender.name, ...(await evaluate(await fit(contender, known, options), held)) };
}

type Digits = Subset<Readonly<Record<"images" | "labels", HostArray>>>;

function cut({ examples = 1437 }: TrainingOptions): { readonly known: Digits; readonly held: Digits } {
  const all = digits();
  const [known, held] = splitDataset(all, [examples, all.length - examples], { seed: 0 });
  return { known, held };
}

async function fit({ make }: Contender, known: Digits, options: TrainingOptions): Promise<Model> {
  const { epochs = 30, seed = 0, start } = options;
  setSeed(seed);
  const model = new Model(make());
  // Not strict: centers and counts of steps start afresh.
  if (start) model.loadStateDict(start, { strict: false });
  const optimizer = adam(model.parameters(), { learningRate: 1 });
  const step = compile((images: Tensor, labels: Tensor) =>
    training(() => {
      const loss = model.forward(images, labels);
      optimizer.update(grad(loss, model.parameters()));
      return loss;
    }),
  );
  const loader = new DataLoader(known, { batchSize: 64, shuffle: true, dropLast: true, seed });
  const steps = epochs * loader.length;
  let done = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const { images, labels } of loader) {
      // Half a cosine from 0.002 to almost 0.
      optimizer.learningRate = 1e-3 * (1.01 + Math.cos((Math.PI * done++) / steps));
      await step(images, labels);
    }
  }
  step.dispose();
  return model;
}

async function evaluate(model: Model, held: Digits): Promise<Omit<Outcome, "name">> {
  const examples = await Promise.all(Array.from({ length: held.length }, (_, i) => held.get(i)));
  const { images, labels: truth } = stackExamples(examples);
  const embedded = model.net.forward(images);
  const [points, labels] = [await embedded.data(), await truth.data()];
  const read = await model.objective.head.logits(embedded).argmax({ axis: 1 }).data();
  const right = [...labels].filter((label, i) => read[i] === label).length;
  return { points, labels, accuracy: right / labels.length, ...measureAngles(points, labels, 10) };
}
