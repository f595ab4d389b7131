/**
 * Connectionist temporal classification (Graves et al. 2006): -log of the probability that frame-wise classes, with
 * repeats and then blanks removed, spell the target.
 *
 * With the target interleaved with blanks, l' = blank l1 blank l2 ... blank, alpha[t, s] is the log-probability of all
 * beginnings of t frames that end at s:
 *   alpha[t, s] = log y[t, l'[s]] + logSumExp(alpha[t-1, s], alpha[t-1, s-1], alpha[t-1, s-2] if l'[s] is no blank
 *                 and differs from l'[s-2]).
 * It runs over all examples at once, one step per frame; an example keeps its alpha after its last frame. Impossible is
 * -1e30 rather than -Infinity, so that every gradient is finite.
 */
import {
  ArgumentError,
  add,
  broadcastTo,
  cast,
  concatenate,
  divide,
  equal,
  exp,
  formatShape,
  gather,
  greater,
  iota,
  less,
  log,
  logicalAnd,
  maximum,
  mean,
  multiply,
  narrow,
  negate,
  notEqual,
  pad,
  reshape,
  ShapeError,
  squeeze,
  stopGradient,
  subtract,
  type Tensor,
  unsqueeze,
  where,
} from "@sconce/core";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface CTCLossOptions {
  /** `mean` by default: over the examples, each divided by the length of its target. */
  readonly reduction?: Reduction;
  /** The class that separates; 0 by default. */
  readonly blank?: number;
  /** Whether an example with too few frames for its target has loss 0 instead of Infinity; its gradient is 0 either way. */
  readonly zeroInfinity?: boolean;
}

const impossible = -1e30;

/**
 * The loss of `logProbabilities` [T, N, C] (from `logSoftmax(logits, 2)`) and `targets` [N, S] of an integer type, of
 * which `inputLengths` [N] frames and `targetLengths` [N] labels count: a scalar, or [N] without reduction.
 */
export function ctcLoss(
  logProbabilities: Tensor,
  targets: Tensor,
  inputLengths: Tensor,
  targetLengths: Tensor,
  options: CTCLossOptions = {},
): Tensor {
  const { reduction = "mean", blank = 0, zeroInfinity = false } = options;
  checkReduction("ctcLoss", reduction);
  checkShapes(logProbabilities, targets, inputLengths, targetLengths, blank);
  const lengths = cast(targetLengths, "int32");
  const { labels, skips } = interleave(cast(targets, "int32"), lengths, blank);
  const last = lastAlpha(logProbabilities, labels, skips, cast(inputLengths, "int32"));
  const likelihood = endings(last, lengths);
  const infinite = less(likelihood, impossible / 2);
  const losses = where(infinite, zeroInfinity ? 0 : Number.POSITIVE_INFINITY, negate(likelihood));
  if (reduction !== "mean") return reduce(losses, reduction);
  return mean(divide(losses, maximum(cast(lengths, losses.dtype), 1)));
}

/** The targets between blanks: labels [N, 2S + 1], and where alpha may come from two places before. */
function interleave(targets: Tensor, lengths: Tensor, blank: number): { labels: Tensor; skips: Tensor } {
  const [count, length] = targets.shape;
  // What pads a target is never read: it could be any number.
  const padded = where(less(iota([count, length], 1), unsqueeze(lengths, 1)), targets, blank);
  const pairs = concatenate(
    [broadcastTo(unsqueeze(padded, 2), [count, length, 1]), blanks([count, length, 1], blank)],
    2,
  );
  const labels = concatenate([blanks([count, 1], blank), reshape(pairs, [count, 2 * length])], 1);
  const differs = notEqual(labels, shifted(labels, 2, blank));
  return { labels, skips: logicalAnd(notEqual(labels, blank), differs) };
}

function blanks(shape: readonly number[], blank: number): Tensor {
  return add(multiply(iota(shape), 0), blank);
}

/** x [N, L] moved right by `places`; what enters is `value`. */
function shifted(x: Tensor, places: number, value: number): Tensor {
  const kept = Math.max(0, x.shape[1] - places);
  return pad(
    narrow(x, 1, 0, kept),
    [
      [0, 0],
      [x.shape[1] - kept, 0],
    ],
    { value },
  );
}

/** alpha [N, L] after the last frame of each example. */
function lastAlpha(logProbabilities: Tensor, labels: Tensor, skips: Tensor, inputLengths: Tensor): Tensor {
  const [frames, count] = logProbabilities.shape;
  const places = labels.shape[1];
  const read = gather(logProbabilities, broadcastTo(unsqueeze(labels, 0), [frames, count, places]), 2);
  const emissions = maximum(read, impossible);
  const at = (t: number): Tensor => squeeze(narrow(emissions, 0, t, 1), 0);
  let alpha = where(less(iota([count, places], 1), 2), at(0), impossible);
  for (let t = 1; t < frames; t++) {
    const twoBefore = where(skips, shifted(alpha, 2, impossible), impossible);
    const next = add(at(t), logAdd([alpha, shifted(alpha, 1, impossible), twoBefore]));
    alpha = where(greater(unsqueeze(inputLengths, 1), t), next, alpha);
  }
  return alpha;
}

/** The log-probability of ending at the last label or at the blank after it: [N]. */
function endings(alpha: Tensor, lengths: Tensor): Tensor {
  const end = multiply(unsqueeze(lengths, 1), 2);
  const atBlank = squeeze(gather(alpha, end, 1), 1);
  const atLabel = squeeze(gather(alpha, maximum(subtract(end, 1), 0), 1), 1);
  return logAdd([atBlank, where(equal(lengths, 0), impossible, atLabel)]);
}

/** log of the sum of e^x over tensors of one shape. */
function logAdd(terms: readonly Tensor[]): Tensor {
  const largest = stopGradient(terms.reduce((a, b) => maximum(a, b)));
  const total = terms.map((term) => exp(subtract(term, largest))).reduce((a, b) => add(a, b));
  return add(log(total), largest);
}

function checkShapes(logs: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, blank: number): void {
  const shown = `log-probabilities ${formatShape(logs.shape)}, targets ${formatShape(targets.shape)}, lengths ${formatShape(inputLengths.shape)} and ${formatShape(targetLengths.shape)}`;
  const count = logs.shape[1];
  const lengthsFit = [inputLengths, targetLengths].every(({ rank, shape }) => rank === 1 && shape[0] === count);
  if (logs.rank !== 3 || logs.shape[0] < 1 || targets.rank !== 2 || targets.shape[0] !== count || !lengthsFit) {
    throw new ShapeError(
      `ctcLoss: ${shown}; they must be [T, N, C], [N, S], [N] and [N]. Bring batch-first scores to this order with permute([1, 0, 2]), and pad the targets to one length.`,
    );
  }
  if (!Number.isInteger(blank) || blank < 0 || blank >= logs.shape[2]) {
    throw new ArgumentError(`ctcLoss: blank is ${blank}; give a class from 0 to ${logs.shape[2] - 1}.`);
  }
}
