/** Sconce losses: what training makes small. */
export type { CrossEntropyOptions } from "./cross-entropy.ts";
export { crossEntropy } from "./cross-entropy.ts";
export type { MeanSquaredErrorOptions } from "./mean-squared-error.ts";
export { meanSquaredError } from "./mean-squared-error.ts";
export type { Reduction } from "./reduction.ts";
