/** Weights with which a layer starts as the identity (Zagoruyko and Komodakis 2017). */
import { ArgumentError, cast, equal, formatShape, iota, logicalAnd, remainder } from "@sconce/core";
import type { Initializer } from "../initializers.ts";

/** [out, in / groups, ...kernel]: 1 in the kernel's middle where output and input channel of a group agree, else 0; of a matrix, the identity. */
export function dirac(groups = 1): Initializer {
  return (shape, _key, dtype) => {
    if (shape.length < 2 || shape[0] % groups !== 0) {
      throw new ArgumentError(
        `dirac: shape ${formatShape(shape)} with ${groups} groups; it needs [out, in / groups, ...kernel], out being a multiple of groups.`,
      );
    }
    const agree = equal(remainder(iota(shape, 0), shape[0] / groups), iota(shape, 1));
    const middle = shape.slice(2).map((extent, i) => equal(iota(shape, 2 + i), Math.floor(extent / 2)));
    return cast(middle.reduce(logicalAnd, agree), dtype);
  };
}
