/** Working memory that is kept between calls, so that a training step allocates nothing. */

let memory: Float64Array = new Float64Array(0);

/** A zeroed array of at least `size` doubles, valid until the next call. */
export function zeroedScratch(size: number): Float64Array {
  if (memory.length < size) memory = new Float64Array(size);
  else memory.fill(0, 0, size);
  return memory;
}
