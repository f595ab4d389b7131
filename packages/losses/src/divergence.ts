/** Distances between distributions. */
import {
  ArgumentError,
  add,
  divide,
  exp,
  formatShape,
  greater,
  log,
  multiply,
  ShapeError,
  subtract,
  sum,
  type Tensor,
  where,
} from "@sconce/core";
import { checkSameShape } from "./check.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface KLDivergenceOptions {
  /** `mean` over all elements by default; `batchMean`, the divergence proper, divides the sum by the first extent. */
  readonly reduction?: Reduction | "batchMean";
  /** Whether the target holds log-probabilities too; false by default. */
  readonly logTarget?: boolean;
}

export interface JensenShannonDivergenceOptions {
  /** `mean` over the distributions by default. */
  readonly reduction?: Reduction;
}

/**
 * t (log t - input), element by element (Kullback and Leibler 1951): `input` holds log-probabilities, `target`
 * probabilities t, both of one shape. A scalar, or that shape without reduction.
 */
export function klDivergence(input: Tensor, target: Tensor, options: KLDivergenceOptions = {}): Tensor {
  const { reduction = "mean", logTarget = false } = options;
  if (reduction !== "batchMean") checkReduction("klDivergence", reduction);
  checkSameShape("klDivergence", { input, target });
  const losses = logTarget
    ? multiply(exp(target), subtract(target, input))
    : subtract(timesLog(target, target), multiply(target, input));
  if (reduction !== "batchMean") return reduce(losses, reduction);
  if (input.rank === 0) {
    throw new ArgumentError('klDivergence: a tensor without axes has no batch; use reduction "sum".');
  }
  return divide(sum(losses), input.shape[0]);
}

/**
 * KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2, from 0 to ln 2 (Lin 1991). `p` and `q` hold probabilities
 * [N, C, ...] that sum to 1 over axis 1: a scalar, or [N, ...] without reduction.
 */
export function jensenShannonDivergence(
  p: Tensor,
  q: Tensor,
  { reduction = "mean" }: JensenShannonDivergenceOptions = {},
): Tensor {
  checkReduction("jensenShannonDivergence", reduction);
  checkSameShape("jensenShannonDivergence", { p, q });
  if (p.rank < 2) {
    throw new ShapeError(
      `jensenShannonDivergence: p has shape ${formatShape(p.shape)}; it must be [N, C] or [N, C, ...]. Add a batch axis with p.unsqueeze(0).`,
    );
  }
  const middle = multiply(add(p, q), 0.5);
  const each = subtract(multiply(add(timesLog(p, p), timesLog(q, q)), 0.5), timesLog(middle, middle));
  return reduce(sum(each, { axes: 1 }), reduction);
}

/** a log b, and 0 where a is 0, whatever b. */
function timesLog(a: Tensor, b: Tensor): Tensor {
  const positive = greater(a, 0);
  return where(positive, multiply(a, log(where(positive, b, 1))), 0);
}
