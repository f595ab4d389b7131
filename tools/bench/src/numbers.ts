/** The numbers that everybody computes with: the same in every language (see `torch_peer.py`). */

/** `count` numbers, evenly distributed between -scale and scale and the same everywhere (the generator is mulberry32). */
export function numbers(count: number, seed: number, scale = 1): Float32Array {
  const values = new Float32Array(count);
  let state = Math.imul(seed, 0x9e3779b9);
  for (let i = 0; i < count; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    values[i] = (((bits ^ (bits >>> 14)) >>> 0) / 2 ** 31 - 1) * scale;
  }
  return values;
}
