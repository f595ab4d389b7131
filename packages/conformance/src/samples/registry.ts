/** Samples of every op that a backend may claim because core would otherwise decompose it. */
import { axisSamples } from "./along-axes.ts";
import { convolutionSamples } from "./convolution.ts";
import { matmulSamples } from "./matmul.ts";
import type { OpSamples } from "./op-sample.ts";
import { poolingSamples } from "./pooling.ts";

/** One entry per op. */
export const opSampleRegistry: readonly OpSamples[] = [
  matmulSamples,
  ...convolutionSamples,
  ...poolingSamples,
  ...axisSamples,
];
