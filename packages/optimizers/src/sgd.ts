/**
 * Stochastic gradient descent with momentum (Polyak 1964; Nesterov 1983; Sutskever et al. 2013), as in PyTorch:
 *   g += weightDecay p;  v = momentum v + (1 - dampening) g  (v = g at the first update);
 *   p -= learningRate v, or with Nesterov's look-ahead  p -= learningRate (g + momentum v).
 */
import { ArgumentError, add, equal, multiply, subtract, type Tensor, where } from "@sconce/core";
import { checkAtLeast0 } from "./check.ts";
import type { ParameterList } from "./groups.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface SGDOptions {
  readonly learningRate: number;
  /** The part of the last step that is kept; 0 by default. */
  readonly momentum?: number;
  /** How much less of the gradient enters the momentum; 0 by default. */
  readonly dampening?: number;
  readonly nesterov?: boolean;
  /** Times the parameter, added to its gradient; 0 by default. */
  readonly weightDecay?: number;
}

type Settings = Required<SGDOptions>;

const rule: UpdateRule<Settings> = {
  name: "sgd",
  check({ momentum, dampening, nesterov, weightDecay }: Settings): void {
    checkAtLeast0("sgd", "momentum", momentum);
    checkAtLeast0("sgd", "weightDecay", weightDecay);
    if (!Number.isFinite(dampening)) throw new ArgumentError(`sgd: dampening is ${dampening}; give a finite number.`);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new ArgumentError(
        `sgd: nesterov with momentum ${momentum} and dampening ${dampening}; it needs a momentum above 0 and no dampening.`,
      );
    }
  },
  state: ({ momentum }) => ({ ...(momentum !== 0 && { momentum_buffer: 0 }) }),
  shared: (counts, _learningRate, { dampening }) => ({
    values: dampening === 0 ? [] : [counts],
  }),
  apply({
    value,
    gradient,
    state,
    learningRate,
    shared: [count],
    options,
  }: ParameterUpdate<Settings>): ParameterResult {
    const { momentum, dampening, nesterov, weightDecay } = options;
    const slope = weightDecay === 0 ? gradient : add(gradient, multiply(value, weightDecay));
    const descend = (direction: Tensor): Tensor => subtract(value, multiply(direction, learningRate));
    if (momentum === 0) return { value: descend(slope), state: {} };
    const kept = multiply(state.momentum_buffer, momentum);
    const damped = dampening === 0 ? slope : where(equal(count, 1), slope, multiply(slope, 1 - dampening));
    const velocity = add(kept, damped);
    const direction = nesterov ? add(slope, multiply(velocity, momentum)) : velocity;
    return { value: descend(direction), state: { momentum_buffer: velocity } };
  },
};

/** Stochastic gradient descent; see `sgd`. */
export class SGD extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: SGDOptions) {
    const { learningRate, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
    super(parameters, { learningRate, momentum, dampening, nesterov, weightDecay }, rule);
  }
}

/** Stochastic gradient descent with optional momentum and weight decay. */
export function sgd(parameters: ParameterList<Settings>, options: SGDOptions): SGD {
  return new SGD(parameters, options);
}
