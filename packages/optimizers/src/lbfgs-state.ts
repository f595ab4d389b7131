/** The state of L-BFGS as host arrays by name, and back. */
import { ArgumentError, formatShape, type HostArray } from "@sconce/core";
import type { CurvatureHistory, CurvaturePair } from "./curvature-history.ts";

/** What L-BFGS knows besides its history. */
export interface LBFGSState {
  readonly iterations: number;
  readonly evaluations: number;
  /** The last iteration: its direction, how far it went along it, and the gradient where it started. */
  readonly last?: { readonly direction: Float64Array; readonly length: number; readonly gradient: Float64Array };
}

/** Names as in PyTorch: `n_iter`, `func_evals`, `d`, `t`, `prev_flat_grad`, `old_dirs`, `old_stps`, `H_diag`. */
export function writeLBFGSState(
  { iterations, evaluations, last }: LBFGSState,
  history: CurvatureHistory,
  learningRate: number,
): Record<string, HostArray> {
  const size = last?.direction.length ?? 0;
  const numbers = (data: Float64Array, shape: number[] = [data.length]): HostArray => ({
    shape,
    dtype: "float64",
    data: data.slice(),
  });
  const count = (value: number): HostArray => ({ shape: [], dtype: "int32", data: Int32Array.of(value) });
  const rows = (vectors: readonly Float64Array[]): HostArray =>
    numbers(Float64Array.from(vectors.flatMap((vector) => [...vector])), [vectors.length, size]);
  return {
    n_iter: count(iterations),
    func_evals: count(evaluations),
    d: numbers(last?.direction ?? new Float64Array()),
    t: numbers(Float64Array.of(last?.length ?? 0), []),
    prev_flat_grad: numbers(last?.gradient ?? new Float64Array()),
    old_dirs: rows(history.pairs.map(({ change }) => change)),
    old_stps: rows(history.pairs.map(({ step }) => step)),
    H_diag: numbers(Float64Array.of(history.scale), []),
    learning_rate: numbers(Float64Array.of(learningRate)),
  };
}

/** What `writeLBFGSState` wrote, for parameters of `size` elements. */
export function readLBFGSState(
  values: Readonly<Record<string, HostArray>>,
  size: number,
): { state: LBFGSState; pairs: readonly CurvaturePair[]; scale: number; learningRate: number } {
  const names = ["n_iter", "func_evals", "d", "t", "prev_flat_grad", "old_dirs", "old_stps", "H_diag", "learning_rate"];
  const missing = names.filter((name) => !values[name]);
  if (missing.length > 0) {
    throw new ArgumentError(
      `lbfgs.loadStateDict: ${missing.join(", ")} is missing; give what stateDict() returned, as host arrays.`,
    );
  }
  const numbers = (name: string): Float64Array => Float64Array.from(values[name].data as ArrayLike<number>);
  const [direction, gradient, changes, steps] = ["d", "prev_flat_grad", "old_dirs", "old_stps"].map(numbers);
  const hasStarted = direction.length > 0;
  if ((hasStarted && direction.length !== size) || gradient.length !== direction.length) {
    throw new ArgumentError(
      `lbfgs.loadStateDict: d has shape ${formatShape(values.d.shape)}, the parameters that are not frozen have ${size} elements; ` +
        "give the state of an optimizer of the same parameters.",
    );
  }
  const row = (all: Float64Array, i: number): Float64Array => all.slice(i * size, (i + 1) * size);
  const pairs = Array.from({ length: values.old_dirs.shape[0] }, (_, i) => ({
    step: row(steps, i),
    change: row(changes, i),
  }));
  const last = hasStarted ? { direction, length: numbers("t")[0], gradient } : undefined;
  const state = { iterations: numbers("n_iter")[0], evaluations: numbers("func_evals")[0], last };
  return { state, pairs, scale: numbers("H_diag")[0], learningRate: numbers("learning_rate")[0] };
}
