/** Working memory that is kept between calls, so that a training step allocates nothing. */

/** A source of arrays of at least `size` doubles with whatever content; each is valid until the next is asked for. */
export function createScratch(): (size: number) => Float64Array {
  let memory: Float64Array = new Float64Array(0);
  return (size) => {
    if (memory.length < size) memory = new Float64Array(size);
    return memory;
  };
}

const sums = /* @__PURE__ */ createScratch();

/** The same, zeroed, for the sums of the product in progress. */
export function zeroedSums(size: number): Float64Array {
  return sums(size).fill(0, 0, size);
}
