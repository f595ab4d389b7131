/**
 * A line search for the strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6), step for step as in
 * PyTorch: with slopes along the direction,
 *   f(t) <= f(0) + c1 t f'(0)  (enough of a decrease),   |f'(t)| <= c2 |f'(0)|  (close to a minimum),
 * with c1 = 1e-4 and c2 = 0.9. First steps grow until two of them bracket such a point; then the bracket shrinks by
 * cubic interpolation, moved inwards where it would make too little progress.
 */
import { dot, largest } from "./flat-vectors.ts";

/** The loss and its gradient at a point. */
export interface Point {
  readonly loss: number;
  readonly gradient: Float64Array;
}

/** A point on the line. */
interface Trial extends Point {
  readonly at: number;
  readonly slope: number;
}

export interface LineSearchResult extends Point {
  /** How far along the direction. */
  readonly at: number;
  /** How often the loss was evaluated. */
  readonly evaluations: number;
}

export interface LineSearch {
  /** Evaluates the loss at a distance along the direction. */
  readonly evaluate: (at: number) => Promise<Point>;
  readonly direction: Float64Array;
  /** The point at 0. */
  readonly start: Point;
  /** The first distance to try. */
  readonly first: number;
  /** The length of a bracket that is not worth shrinking. */
  readonly toleranceChange: number;
  readonly maxIterations: number;
}

const decrease = 1e-4;
const flatness = 0.9;

/** The point at which a search along the direction ends. */
export async function strongWolfe(search: LineSearch): Promise<LineSearchResult> {
  const { evaluate, direction, start, first, toleranceChange, maxIterations } = search;
  const along = (at: number, point: Point): Trial => ({ ...point, at, slope: dot(point.gradient, direction) });
  const origin = along(0, start);
  const isTooHigh = (trial: Trial): boolean => trial.loss > origin.loss + decrease * trial.at * origin.slope;
  const isFlat = (trial: Trial): boolean => Math.abs(trial.slope) <= -flatness * origin.slope;

  let [previous, trial] = [origin, along(first, await evaluate(first))];
  let evaluations = 1;
  let iterations = 0;
  let bracket: [Trial, Trial] | undefined;
  while (iterations < maxIterations) {
    if (isTooHigh(trial) || (iterations > 1 && trial.loss >= previous.loss)) bracket = [previous, trial];
    else if (isFlat(trial)) return { ...trial, evaluations };
    else if (trial.slope >= 0) bracket = [previous, trial];
    if (bracket) break;
    const at = interpolate(previous, trial, [trial.at + 0.01 * (trial.at - previous.at), trial.at * 10]);
    [previous, trial] = [trial, along(at, await evaluate(at))];
    evaluations++;
    iterations++;
  }
  bracket ??= [origin, trial];

  let hasStalled = false;
  let low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
  while (iterations < maxIterations) {
    const [from, to] = [Math.min(bracket[0].at, bracket[1].at), Math.max(bracket[0].at, bracket[1].at)];
    if ((to - from) * largest(direction) < toleranceChange) break;
    let at = interpolate(bracket[0], bracket[1]);
    const margin = 0.1 * (to - from);
    if (Math.min(to - at, at - from) < margin) {
      const mustMove: boolean = hasStalled || at >= to || at <= from;
      if (mustMove) at = Math.abs(at - to) < Math.abs(at - from) ? to - margin : from + margin;
      hasStalled = !mustMove;
    } else {
      hasStalled = false;
    }
    trial = along(at, await evaluate(at));
    evaluations++;
    iterations++;
    if (isTooHigh(trial) || trial.loss >= bracket[low].loss) {
      bracket[1 - low] = trial;
      low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
      continue;
    }
    const isDone = isFlat(trial);
    if (!isDone && trial.slope * (bracket[1 - low].at - bracket[low].at) >= 0) bracket[1 - low] = bracket[low];
    bracket[low] = trial;
    if (isDone) break;
  }
  return { ...bracket[low], evaluations };
}

/** The minimum of the cubic with the values and slopes of two points, within bounds; the middle if it has none. */
function interpolate(a: Trial, b: Trial, bounds?: readonly [number, number]): number {
  const [left, right] = a.at <= b.at ? [a, b] : [b, a];
  const [low, high] = bounds ?? [left.at, right.at];
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.at - b.at);
  const squared = d1 * d1 - a.slope * b.slope;
  if (!(squared >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(squared);
  const part = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2);
  return Math.min(Math.max(right.at - (right.at - left.at) * part, low), high);
}
