/** What a function under `compile` does to variables, recorded while it runs once on placeholders. */
import { sourceOp } from "../ops/source.ts";
import { Tensor } from "../tensor.ts";
import type { Variable } from "../variable.ts";

/** The record of one trace. */
export class Trace {
  /** The placeholder of each variable that was read, in order of first use. */
  readonly reads: Map<Variable, Tensor> = new Map();
  /** The last value assigned to each variable. */
  readonly writes: Map<Variable, Tensor> = new Map();

  /** The variable's value at this point of the trace. */
  read(variable: Variable): Tensor {
    return this.writes.get(variable) ?? this.placeholder(variable);
  }

  write(variable: Variable, value: Tensor): void {
    this.placeholder(variable);
    this.writes.set(variable, value);
  }

  private placeholder(variable: Variable): Tensor {
    let tensor = this.reads.get(variable);
    if (!tensor) {
      tensor = new Tensor(sourceOp, [], undefined, variable, { kind: "variable", variable });
      this.reads.set(variable, tensor);
    }
    return tensor;
  }
}

let active: Trace | undefined;

/** The trace being recorded, if any. */
export function currentTrace(): Trace | undefined {
  return active;
}

/** Whether the code runs inside a function under `compile`, where nothing has a value yet. */
export function isTracing(): boolean {
  return active !== undefined;
}

/** Runs `fn` with `trace` recording. */
export function withTrace<Result>(trace: Trace | undefined, fn: () => Result): Result {
  const before = active;
  active = trace;
  try {
    return fn();
  } finally {
    active = before;
  }
}
