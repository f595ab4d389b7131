/**
 * Penalties on weights, to be added to a loss:  loss.add(l2Penalty(model.parameters()).mul(1e-4)).
 * With plain gradient descent, weightDecay = w is the same as w / 2 times the L2 penalty; adaptive optimizers divide the
 * penalty's gradient like any other, which the decoupled decay of `adamW`, `lion` and others avoids.
 */
import { ArgumentError, abs, add, cast, type Param, square, type Tensor } from "@sconce/core";
import { computeType } from "./state-names.ts";

/** The sum of magnitudes (Tibshirani 1996), which drives weights to exactly 0: a scalar. */
export function l1Penalty(parameters: readonly Param[]): Tensor {
  return total("l1Penalty", parameters, abs);
}

/** The sum of squares (Hoerl and Kennard 1970), which keeps weights small: a scalar. */
export function l2Penalty(parameters: readonly Param[]): Tensor {
  return total("l2Penalty", parameters, square);
}

function total(penalty: string, parameters: readonly Param[], of: (x: Tensor) => Tensor): Tensor {
  if (parameters.length === 0) {
    throw new ArgumentError(`${penalty}: the list of parameters is empty; give model.parameters() or some of them.`);
  }
  return parameters.map((param) => of(cast(param.value, computeType(param))).sum()).reduce((a, b) => add(a, b));
}
