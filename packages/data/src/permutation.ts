/**
 * Random order on the host, the same on every machine and at once: Fisher and Yates' shuffle, driven by Threefry-2x32
 * with 20 rounds (Salmon et al. 2011), the generator that core's random ops use on every backend.
 */
import { ArgumentError, hashKey } from "@sconce/core";

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

/** The numbers 0 to n - 1 in an order that follows from a seed and from what the order is for, such as "epoch 3". */
export function permutation(n: number, seed: number, purpose: string): Uint32Array {
  checkSeed("permutation", seed);
  const key = hashKey(seed, purpose);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const [high, low] = threefry(key, [i, 0]);
    // 53 bits, so that every position is as likely as another for any length an array can have.
    const j = Math.floor(((high * 2 ** 21 + (low >>> 11)) / 2 ** 53) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Throws unless a seed is a whole number. */
export function checkSeed(caller: string, seed: number): void {
  if (!Number.isInteger(seed)) throw new ArgumentError(`${caller}: the seed is ${seed}; give a whole number.`);
}

/** The two words of Threefry-2x32 for a key and a counter. */
export function threefry(key: readonly [number, number], counter: readonly [number, number]): [number, number] {
  const schedule = [key[0], key[1], key[0] ^ key[1] ^ 0x1bd11bda];
  let x = (counter[0] + key[0]) | 0;
  let y = (counter[1] + key[1]) | 0;
  for (let round = 0; round < 5; round++) {
    for (const bits of rotations[round % 2]) {
      x = (x + y) | 0;
      y = ((y << bits) | (y >>> (32 - bits))) ^ x;
    }
    x = (x + schedule[(round + 1) % 3]) | 0;
    y = (y + schedule[(round + 2) % 3] + round + 1) | 0;
  }
  return [x >>> 0, y >>> 0];
}
