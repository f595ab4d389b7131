/** What the encoder's and the decoder's layer share: their options and the activation. */
import { gelu, relu, type Tensor } from "@sconce/core";

export interface TransformerLayerOptions {
  /** The width of the position-wise network; 2048 by default. */
  readonly feedforward?: number;
  /** The probability of dropping, in training; 0.1 by default. */
  readonly dropout?: number;
  /** relu by default. */
  readonly activation?: "relu" | "gelu" | ((x: Tensor) => Tensor);
  /** Added to the variance in normalizations; 1e-5 by default. */
  readonly epsilon?: number;
  /** Whether x is [N, L, width] and not [L, N, width]. */
  readonly batchFirst?: boolean;
  /** Whether each part is normalized before it and not after its residual sum (Xiong et al. 2020); false by default. */
  readonly normFirst?: boolean;
  /** Whether linear maps and normalizations have biases; true by default. */
  readonly bias?: boolean;
}

/** The function an activation stands for. */
export function activationOf(activation: TransformerLayerOptions["activation"] = "relu"): (x: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  return activation === "gelu" ? (x) => gelu(x) : relu;
}
