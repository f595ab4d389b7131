/** Samplers: in which order an epoch goes through a dataset. */
import { currentSeed } from "@sconce/core";
import { checkSeed, permutation } from "./permutation.ts";

/** The indices of each epoch, as a function of the epoch's number alone, so that a run can be resumed at any epoch. */
export interface Sampler {
  /** How many examples an epoch has. */
  readonly length: number;
  indices(epoch: number): Iterable<number>;
}

/** 0 to length - 1 in order, each epoch the same. */
export class SequentialSampler implements Sampler {
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }

  *indices(): Generator<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

/** Every example once per epoch, in an order that follows from the seed and the epoch. */
export class ShuffledSampler implements Sampler {
  readonly length: number;
  readonly seed: number;

  /** The seed is `currentSeed()` unless one is given. */
  constructor(length: number, { seed = currentSeed() }: { readonly seed?: number } = {}) {
    checkSeed("ShuffledSampler", seed);
    this.length = length;
    this.seed = seed;
  }

  indices(epoch: number): Uint32Array {
    return permutation(this.length, this.seed, `epoch ${epoch}`);
  }
}
