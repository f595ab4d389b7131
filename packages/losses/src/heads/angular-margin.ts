/**
 * The multiplicative angular margin of L-Softmax and A-Softmax: in the logit of the true class cos theta becomes
 *   (lambda cos theta + psi(theta)) / (1 + lambda),
 *   psi(theta) = (-1)^k cos(m theta) - 2k  for theta in [k pi / m, (k + 1) pi / m],
 * which falls from 1 to -(2m - 1). cos(m theta) is Chebyshev's polynomial T_m(cos theta): T_0 = 1, T_1 = c,
 * T_{n+1} = 2 c T_n - T_{n-1}, so no angle is computed.
 *
 * Training starts near plain softmax and anneals: lambda = max(minimum, base (1 + gamma t)^-power) at update t, as in the
 * authors' code. t is a statistic that each `forward` in training mode advances.
 */
import {
  ArgumentError,
  add,
  cast,
  divide,
  equal,
  isTraining,
  less,
  maximum,
  multiply,
  power,
  remainder,
  type Stat,
  subtract,
  type Tensor,
  where,
  zeros,
} from "@sconce/core";
import { checkNumber } from "../check.ts";
import { atTarget, Head, type HeadOptions } from "./head.ts";

/** How lambda falls: max(minimum, base (1 + gamma t)^-power) at update t. */
export interface Annealing {
  /** 1000 by default. */
  readonly base?: number;
  /** 0.12 by default. */
  readonly gamma?: number;
  /** 1 by default. */
  readonly power?: number;
  /** 5 by default. */
  readonly minimum?: number;
}

export interface AngularMarginOptions extends HeadOptions {
  /** m, a whole number of at least 1; 4 by default. */
  readonly margin?: number;
  readonly annealing?: Annealing;
}

/** A head whose logits are a length times the cosine of an angle. */
export abstract class AngularMarginHead extends Head {
  /** Updates so far: int32 []. */
  readonly iterations: Stat;
  readonly #margin: number;
  readonly #annealing: Required<Annealing>;

  constructor(features: number, classes: number, options: AngularMarginOptions = {}) {
    super(features, classes, options);
    const { margin = 4, annealing: { base = 1000, gamma = 0.12, power: exponent = 1, minimum = 5 } = {} } = options;
    const name = this.constructor.name;
    if (!Number.isInteger(margin) || margin < 1) {
      throw new ArgumentError(
        `${name}: margin is ${margin}; it multiplies an angle: give a whole number such as 2, 3 or 4.`,
      );
    }
    for (const [key, value] of Object.entries({ base, gamma, power: exponent, minimum }))
      checkNumber(name, `annealing.${key}`, value);
    this.iterations = this.newStat([], () => zeros([], "int32"), "int32");
    this.#margin = margin;
    this.#annealing = { base, gamma, power: exponent, minimum };
  }

  /** How much plain softmax is mixed in at present: a scalar. */
  get lambda(): Tensor {
    const { base, gamma, power: exponent, minimum } = this.#annealing;
    const progress = add(multiply(cast(this.iterations.value, "float32"), gamma), 1);
    return maximum(multiply(power(progress, -exponent), base), minimum);
  }

  /** What the cosines are multiplied with: [N, classes] or [N, 1]. */
  protected abstract magnitudes(features: Tensor): Tensor;

  protected override scores(features: Tensor): Tensor {
    return multiply(this.cosines(features), this.magnitudes(features));
  }

  protected override marginLogits(features: Tensor, labels: Tensor): Tensor {
    const cosines = this.cosines(features);
    const { lambda } = this;
    if (isTraining()) this.iterations.assign(add(this.iterations.value, 1));
    const mixed = divide(add(multiply(cosines, lambda), psi(cosines, this.#margin)), add(lambda, 1));
    return multiply(atTarget(labels, mixed, cosines), this.magnitudes(features));
  }
}

/** psi of the angles with these cosines. */
function psi(cosines: Tensor, margin: number): Tensor {
  let before: Tensor | number = 1;
  let chebyshev = cosines;
  for (let n = 1; n < margin; n++) {
    const next = subtract(multiply(multiply(cosines, 2), chebyshev), before);
    before = chebyshev;
    chebyshev = next;
  }
  let turns = zeros(cosines.shape, cosines.dtype);
  for (let k = 1; k < margin; k++)
    turns = add(turns, cast(less(cosines, Math.cos((k * Math.PI) / margin)), cosines.dtype));
  const signed = where(equal(remainder(turns, 2), 0), chebyshev, multiply(chebyshev, -1));
  return subtract(signed, multiply(turns, 2));
}
