/**
 * Gradient clipping (Pascanu, Mikolov and Bengio 2013), as `clip_grad_norm_` and `clip_grad_value_` of PyTorch. Both are
 * ordinary ops between `grad` and `update`, and become part of a compiled step.
 */
import { ArgumentError, cast, clamp, divide, minimum, multiply, norm, stack, type Tensor } from "@sconce/core";

export interface ClipByNormOptions {
  /** The order of the norm: 2 by default, 1, Infinity, or any other number above 0. */
  readonly order?: number;
}

/** Gradients that were clipped, and the norm that they had. */
export interface ClippedGradients {
  readonly gradients: readonly Tensor[];
  /** A scalar. */
  readonly norm: Tensor;
}

/**
 * Scales all gradients by min(1, maximum / (norm + 1e-6)), where the norm is that of all of them end to end:
 * `const { gradients, norm } = clipByNorm(grad(loss, model.parameters()), 1)`.
 */
export function clipByNorm(
  gradients: readonly Tensor[],
  maximum: number,
  { order = 2 }: ClipByNormOptions = {},
): ClippedGradients {
  checkLimit("clipByNorm", "maximum", maximum);
  if (gradients.length === 0) {
    throw new ArgumentError("clipByNorm: no gradients were given; give those of grad(loss, model.parameters()).");
  }
  if (!(order > 0)) throw new ArgumentError(`clipByNorm: order is ${order}; give a number above 0, or Infinity.`);
  const wide = gradients.map((gradient) => (gradient.dtype === "float16" ? cast(gradient, "float32") : gradient));
  const total = norm(stack(wide.map((gradient) => norm(gradient, { order }))), { order });
  const scale = minimum(divide(maximum, total.add(1e-6)), 1);
  return { gradients: wide.map((wider, i) => cast(multiply(wider, scale), gradients[i].dtype)), norm: total };
}

/** Limits every element to [-limit, limit]: `clipByValue(grad(loss, model.parameters()), 0.5)`. */
export function clipByValue(gradients: readonly Tensor[], limit: number): readonly Tensor[] {
  checkLimit("clipByValue", "limit", limit);
  return gradients.map((gradient) => clamp(gradient, -limit, limit));
}

function checkLimit(call: string, name: string, limit: number): void {
  if (limit > 0) return;
  throw new ArgumentError(`${call}: ${name} is ${limit}; give a number above 0, for example 1.`);
}
