/** Random whole numbers on the host, the same for the same seed (mulberry32). */

/** A whole number from 0 to `below` - 1. */
export type Random = (below: number) => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A new array in random order (Fisher and Yates). */
export function shuffled<Element>(elements: readonly Element[], random: Random): Element[] {
  const result = [...elements];
  for (let i = result.length - 1; i > 0; i--) {
    const other = random(i + 1);
    [result[i], result[other]] = [result[other], result[i]];
  }
  return result;
}
