/** Samples of the ops that backends claim: everything that core would otherwise decompose, and the heavier primitives. */
import { axisSamples } from "./along-axes.ts";
import { convolutionSamples } from "./convolution.ts";
import { indexingSamples } from "./indexing.ts";
import { matmulSamples } from "./matmul.ts";
import type { OpSamples } from "./op-sample.ts";
import { poolingSamples } from "./pooling.ts";

/** One entry per op. */
export const opSampleRegistry: readonly OpSamples[] = [
  matmulSamples,
  ...convolutionSamples,
  ...poolingSamples,
  ...axisSamples,
  ...indexingSamples,
];
