/** Names of kernels: the operators of a nest, in the order they are applied, and the shape of what it stores. */
import type { LoopNest } from "@sconce/core";

/** A WGSL identifier such as `sum_of_subtract_multiply_32x10`. */
export function nestName({ shape, body, epilogue, reduce }: LoopNest): string {
  const inside = operators(body);
  const combines = [...new Set(reduce?.accumulators.map(({ combine }) => combine))];
  const words = reduce
    ? [...combines, ...(inside.length > 0 ? ["of", ...inside] : []), ...operators(epilogue).map((word) => `_${word}`)]
    : inside;
  const computes = words.length > 0 ? words : ["copy"];
  const named = computes.length > 8 ? [...computes.slice(0, 7), "and_more"] : computes;
  return `${named.join("_").replaceAll("__", "_then_")}_${shape.length > 0 ? shape.join("x") : "scalar"}`;
}

/** Names without those that only compute positions. */
function operators(list: LoopNest["body"]): string[] {
  const names = list.flatMap((item) =>
    item.kind === "apply" && item.dtype !== "int32" && item.dtype !== "bool" ? [snakeCase(item.operator)] : [],
  );
  return names.filter((name, i) => name !== names[i - 1]);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
