/** Names for what belongs to parameters. */
import type { DType, Param } from "@sconce/core";

/** The names of the parameters as they are now; equal names of unconnected models are told apart by number. */
export function namesOf(parameters: readonly Param[]): readonly string[] {
  const taken = new Set<string>();
  return parameters.map((param, i) => {
    const own = param.name ?? String(i);
    let name = own;
    for (let n = 2; taken.has(name); n++) name = `${own}#${n}`;
    taken.add(name);
    return name;
  });
}

/** Half precision is too coarse for moments, sums and small steps. */
export function computeType(param: Param): DType {
  return param.dtype === "float16" ? "float32" : param.dtype;
}
