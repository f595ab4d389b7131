/** Generators: a variable with a key and the number of draws so far, and where seeds come from. */
import { CaptureError } from "./errors.ts";
import { deriveKey } from "./ops/creation/random-bits.ts";
import { tensor } from "./ops/creation/tensor.ts";
import { add } from "./ops/elementwise/arithmetic.ts";
import { concatenate } from "./ops/movement/concatenate.ts";
import { narrow } from "./ops/movement/slice.ts";
import { currentTrace } from "./runtime/trace.ts";
import type { Tensor } from "./tensor.ts";
import { Variable } from "./variable.ts";

/**
 * A random generator: uint32 [key, key, draws]. Each draw uses a key of its own, derived from the counter, and advances
 * it; inside `compile` the counter is part of the program, so every replay draws anew.
 */
export class RandomState extends Variable {
  /** `seed` is a whole number, or the key itself when it is known only later. */
  constructor(seed: number | (() => readonly [number, number])) {
    super({ shape: [3], dtype: "uint32" }, () => {
      const key = typeof seed === "number" ? hashKey(seed, "") : seed();
      return tensor(new Uint32Array([...key, 0]));
    });
  }

  /** The key of the next draw, uint32 [2]; advances the counter. */
  draw(): Tensor {
    const state = this.value;
    const counter = narrow(state, 0, 2, 1);
    this.assign(concatenate([narrow(state, 0, 0, 2), add(counter, 1)]));
    return deriveKey(narrow(state, 0, 0, 2), counter);
  }

  /** Starts over from a seed. */
  reseed(seed: number): void {
    this.assign(tensor(new Uint32Array([...hashKey(seed, ""), 0])));
  }
}

let rootSeed = 0;

/** The generator of random functions that are given no other. */
export const defaultRandomState: RandomState = /* @__PURE__ */ new RandomState(() => hashKey(rootSeed, "default"));

/** Sets the seed from which everything random follows: initial weights made from now on, and the default generator. */
export function setSeed(seed: number): void {
  if (currentTrace()) {
    throw new CaptureError(
      "setSeed: called inside a function under compile, so every replay would draw the same numbers.\n" +
        "  wrong:  compile((x) => { setSeed(1); return dropout(x); })\n" +
        "  right:  setSeed(1); const step = compile((x) => dropout(x));",
    );
  }
  rootSeed = seed;
  defaultRandomState.assign(tensor(new Uint32Array([...hashKey(seed, "default"), 0])));
}

/** The seed last set; 0 unless `setSeed` was called. */
export function currentSeed(): number {
  return rootSeed;
}

/** A key that depends on the seed and on every character of a path (FNV-1a, twice, with a final avalanche). */
export function hashKey(seed: number, path: string): readonly [number, number] {
  const words = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
  const hash = (start: number): number => {
    let h = start;
    const mix = (byte: number): void => {
      h = Math.imul(h ^ byte, 0x01000193);
    };
    for (const word of words) for (let shift = 0; shift < 32; shift += 8) mix((word >>> shift) & 255);
    for (let i = 0; i < path.length; i++) {
      mix(path.charCodeAt(i) & 255);
      mix(path.charCodeAt(i) >>> 8);
    }
    h ^= h >>> 16;
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  };
  return [hash(0x811c9dc5), hash(0x9e3779b9)];
}
