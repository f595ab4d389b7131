/** Batches of a dataset, as an asynchronous iterable: one turn of `for await` is one epoch. */
import { ArgumentError } from "@sconce/core";
import { type Stacked, stackExamples } from "./collate.ts";
import type { Dataset } from "./dataset.ts";
import { type Sampler, SequentialSampler, ShuffledSampler } from "./sampler.ts";

export interface DataLoaderOptions<Example, Batch> {
  /** Examples per batch. Default 1. */
  readonly batchSize?: number;
  /** Whether each epoch has a new order, which follows from the seed and the epoch. Default false. */
  readonly shuffle?: boolean;
  /** Of the shuffling; `currentSeed()` unless given. */
  readonly seed?: number;
  /** Which examples an epoch has, in which order; instead of `shuffle`. */
  readonly sampler?: Sampler;
  /** Whether to leave out a last batch with fewer than `batchSize` examples. Default false. */
  readonly dropLast?: boolean;
  /** Makes a batch of examples. Default `stackExamples`. */
  readonly collate?: (examples: readonly Example[]) => Batch | Promise<Batch>;
}

/**
 * Goes through a dataset in batches:
 * `for await (const { images, labels } of new DataLoader(dataset, { batchSize: 64, shuffle: true })) ...`.
 */
export class DataLoader<Example, Batch = Stacked<Example>> implements AsyncIterable<Batch> {
  readonly dataset: Dataset<Example>;
  readonly batchSize: number;
  readonly sampler: Sampler;
  readonly dropLast: boolean;
  /** The number of the epoch that the next `for await` goes through; assign it to resume a run. */
  epoch = 0;
  readonly #collate: (examples: readonly Example[]) => Batch | Promise<Batch>;

  constructor(dataset: Dataset<Example>, options: DataLoaderOptions<Example, Batch> = {}) {
    const { batchSize = 1, shuffle = false, seed, sampler, dropLast = false } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ArgumentError(`DataLoader: batchSize is ${batchSize}; give a whole number of at least 1.`);
    }
    if (sampler && (shuffle || seed !== undefined)) {
      throw new ArgumentError(
        "DataLoader: a sampler decides the order alone; leave out `shuffle` and `seed`, or leave out `sampler`.",
      );
    }
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
    this.sampler =
      sampler ?? (shuffle ? new ShuffledSampler(dataset.length, { seed }) : new SequentialSampler(dataset.length));
    // Without a collate of the user's own, Batch is Stacked<Example>.
    this.#collate = options.collate ?? (stackExamples as unknown as (examples: readonly Example[]) => Batch);
  }

  /** Batches per epoch. */
  get length(): number {
    const batches = this.sampler.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    return this.batches(this.epoch++);
  }

  /** The batches of one epoch. */
  async *batches(epoch: number): AsyncGenerator<Batch, void, undefined> {
    let indices: number[] = [];
    for (const index of this.sampler.indices(epoch)) {
      indices.push(index);
      if (indices.length < this.batchSize) continue;
      yield await this.#load(indices);
      indices = [];
    }
    if (indices.length > 0 && !this.dropLast) yield await this.#load(indices);
  }

  async #load(indices: readonly number[]): Promise<Batch> {
    return this.#collate(await Promise.all(indices.map((index) => this.dataset.get(index))));
  }
}
