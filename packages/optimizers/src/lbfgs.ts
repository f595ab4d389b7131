/**
 * L-BFGS (Liu and Nocedal 1989; Nocedal and Wright 2006, chapter 7), as in PyTorch: each iteration goes
 * learningRate (or as far as a line search says) along less the approximate inverse Hessian times the gradient. For
 * deterministic losses of the whole data: it compares gradients, so they must be of one function.
 *
 * It decides from values, so it is not part of a program: losses and gradients come from a closure, which may be
 * compiled, and vectors and dot products are the host's, in float64.
 */
import { ArgumentError, type HostArray, type Param, roundTo, sizeOf, type Tensor, tensor } from "@sconce/core";
import { checkAtLeast0 } from "./check.ts";
import { checkGradients } from "./check-gradients.ts";
import { CurvatureHistory } from "./curvature-history.ts";
import { dot, largest, plus, scaled } from "./flat-vectors.ts";
import { checkLearningRate, checkParameters } from "./groups.ts";
import { type LBFGSState, readLBFGSState, writeLBFGSState } from "./lbfgs-state.ts";
import { checkSteps } from "./schedule.ts";
import { type Point, strongWolfe } from "./strong-wolfe.ts";

export interface LBFGSOptions {
  /** The length of a step in terms of the direction, and what a line search tries first; 1 by default. */
  readonly learningRate?: number;
  /** How many iterations a step makes at most; 20 by default. */
  readonly maxIterations?: number;
  /** How often a step calls the closure at most; 5/4 of `maxIterations` by default. */
  readonly maxEvaluations?: number;
  /** A step ends when no element of the gradient is larger; 1e-7 by default. */
  readonly toleranceGradient?: number;
  /** A step ends when neither the loss nor any parameter changes more; 1e-9 by default. */
  readonly toleranceChange?: number;
  /** How many pairs of steps and gradients are remembered; 100 by default. */
  readonly historySize?: number;
  /** Searches along each direction for the strong Wolfe conditions; no search by default. */
  readonly lineSearch?: "strongWolfe";
}

/** The loss at the present parameters, and its gradients in their order. */
export interface Evaluation {
  readonly loss: Tensor;
  readonly gradients: readonly Tensor[];
}

type Closure = () => Evaluation | Promise<Evaluation>;

/** L-BFGS; see `lbfgs`. */
export class LBFGS {
  readonly parameters: readonly Param[];
  readonly #options: Required<Omit<LBFGSOptions, "lineSearch">> & Pick<LBFGSOptions, "lineSearch">;
  #learningRate: number;
  #history: CurvatureHistory;
  #state: LBFGSState = { iterations: 0, evaluations: 0 };
  /** Which parameters were frozen at the last step. */
  #frozen: string | undefined;

  constructor(parameters: readonly Param[], options: LBFGSOptions = {}) {
    const { learningRate = 1, maxIterations = 20, toleranceGradient = 1e-7, toleranceChange = 1e-9 } = options;
    const { maxEvaluations = Math.floor((maxIterations * 5) / 4), historySize = 100, lineSearch } = options;
    checkParameters("lbfgs", parameters);
    checkLearningRate("lbfgs: learningRate", learningRate);
    checkSteps("lbfgs", "maxIterations", maxIterations);
    checkSteps("lbfgs", "maxEvaluations", maxEvaluations);
    checkSteps("lbfgs", "historySize", historySize);
    checkAtLeast0("lbfgs", "toleranceGradient", toleranceGradient);
    checkAtLeast0("lbfgs", "toleranceChange", toleranceChange);
    if (lineSearch !== undefined && lineSearch !== "strongWolfe") {
      throw new ArgumentError(`lbfgs: lineSearch is ${lineSearch}; give "strongWolfe", or leave it out.`);
    }
    this.parameters = [...parameters];
    const limits = { maxIterations, maxEvaluations, toleranceGradient, toleranceChange, historySize };
    this.#options = { learningRate, ...limits, lineSearch };
    this.#learningRate = learningRate;
    this.#history = new CurvatureHistory(historySize);
  }

  get learningRate(): number {
    return this.#learningRate;
  }

  set learningRate(learningRate: number) {
    checkLearningRate("optimizer.learningRate", learningRate);
    this.#learningRate = learningRate;
  }

  /**
   * Makes up to `maxIterations` iterations and returns the loss before them. `closure` evaluates the loss at the present
   * parameters; when it throws, they are what they were before. Freezing other parameters forgets the curvature.
   */
  async step(closure: Closure): Promise<number> {
    const active = this.parameters.filter((param) => !param.frozen);
    const frozen = this.parameters.map((param) => Number(param.frozen)).join();
    if (this.#frozen !== undefined && this.#frozen !== frozen) {
      this.#history = new CurvatureHistory(this.#options.historySize);
      this.#state = { iterations: 0, evaluations: this.#state.evaluations };
    }
    this.#frozen = frozen;
    const values = await Promise.all(active.map(({ value }) => value.data()));
    const start = Float64Array.from(values.flatMap((array) => Array.from(array as ArrayLike<number>)));
    const { pairs, scale } = this.#history;
    try {
      return await this.#step(start, active, closure);
    } catch (error) {
      place(active, start);
      this.#history.restore(pairs, scale);
      throw error;
    }
  }

  /** Curvature, counts and learning rate, as host arrays. */
  async stateDict(): Promise<Record<string, HostArray>> {
    return writeLBFGSState(this.#state, this.#history, this.#learningRate);
  }

  /** Continues from what `stateDict` returned. */
  loadStateDict(values: Readonly<Record<string, HostArray>>): void {
    const active = this.parameters.filter((param) => !param.frozen);
    const size = active.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const { state, learningRate, pairs, scale } = readLBFGSState(values, size);
    this.learningRate = learningRate;
    this.#state = state;
    this.#history = new CurvatureHistory(this.#options.historySize);
    this.#history.restore(pairs, scale);
    this.#frozen = undefined;
  }

  async #step(start: Float64Array, active: readonly Param[], closure: Closure): Promise<number> {
    const { maxIterations, maxEvaluations, toleranceGradient, toleranceChange, lineSearch } = this.#options;
    let position = start;
    let point = await this.#evaluate(closure);
    let evaluations = 1;
    let { iterations, last } = this.#state;
    const initialLoss = point.loss;
    for (let n = 1; n <= maxIterations && largest(point.gradient) > toleranceGradient; n++) {
      iterations++;
      if (last) {
        const change = plus(point.gradient, -1, last.gradient);
        this.#history.add({ step: scaled(last.direction, last.length), change });
      }
      const direction = this.#history.direction(point.gradient);
      const reach = iterations === 1 ? Math.min(1, 1 / point.gradient.reduce((sum, g) => sum + Math.abs(g), 0)) : 1;
      const before = point;
      const evaluate = (at: number): Promise<Point> => {
        place(active, plus(position, at, direction));
        return this.#evaluate(closure);
      };
      last = { direction, length: reach * this.#learningRate, gradient: point.gradient };
      if (dot(point.gradient, direction) > -toleranceChange) break;
      if (lineSearch) {
        const first = last.length;
        const left = maxEvaluations - evaluations;
        const found = await strongWolfe({
          evaluate,
          direction,
          start: point,
          first,
          toleranceChange,
          maxIterations: left,
        });
        last = { ...last, length: found.at };
        evaluations += found.evaluations;
        point = found;
      } else if (n < maxIterations) {
        point = await evaluate(last.length);
        evaluations++;
      }
      position = place(active, plus(position, last.length, direction));
      if (evaluations >= maxEvaluations || largest(direction) * last.length <= toleranceChange) break;
      if (n < maxIterations && Math.abs(point.loss - before.loss) < toleranceChange) break;
    }
    this.#state = { iterations, evaluations: this.#state.evaluations + evaluations, last };
    return initialLoss;
  }

  async #evaluate(closure: Closure): Promise<Point> {
    const { loss, gradients } = await closure();
    const right = "return { loss, gradients: grad(loss, model.parameters()) }";
    checkGradients("lbfgs.step", this.parameters, gradients, right);
    const used = gradients.filter((_, i) => !this.parameters[i].frozen);
    const arrays = await Promise.all(used.map((gradient) => gradient.data()));
    const gradient = Float64Array.from(arrays.flatMap((array) => Array.from(array as ArrayLike<number>)));
    return { loss: await loss.item(), gradient };
  }
}

/** Gives the parameters their parts of `position`, and returns what their types keep of it. */
function place(parameters: readonly Param[], position: Float64Array): Float64Array {
  let from = 0;
  const kept = new Float64Array(position.length);
  for (const param of parameters) {
    const { shape, dtype } = param;
    const part = position.subarray(from, from + sizeOf(shape));
    const rounded = Array.from(part, (value) => roundTo(value, dtype));
    kept.set(rounded, from);
    param.assign(tensor(rounded, { dtype }).reshape(shape));
    from += part.length;
  }
  return kept;
}

/** L-BFGS: few, good steps for losses of the whole data; `await optimizer.step(closure)`. */
export function lbfgs(parameters: readonly Param[], options: LBFGSOptions = {}): LBFGS {
  return new LBFGS(parameters, options);
}
