/**
 * Gradient accumulation: the mean of the gradients of several small batches is that of the large batch which they make
 * together (if all have the same size). Sums and their number are statistics, so `add` and `take` work inside `compile`.
 *
 *   const accumulate = compile((x) => { const loss = f(x); sums.add(grad(loss, model.parameters())); return loss; });
 *   const update = compile(() => { optimizer.update(sums.take()); return []; });
 *   for (const batch of batches) await accumulate(batch);   // then, once:
 *   await update();
 */
import {
  ArgumentError,
  add,
  cast,
  divide,
  type HostArray,
  maximum,
  type Param,
  Stat,
  type Tensor,
  zeros,
} from "@sconce/core";
import { readState, writeState } from "@sconce/layers";
import { checkGradients } from "./check-gradients.ts";
import { checkParameters } from "./groups.ts";
import { computeType, namesOf } from "./state-names.ts";

export interface TakeOptions {
  /** The "mean" of what was added, by default, or its "sum" (PyTorch's, where losses are divided beforehand). */
  readonly reduction?: "mean" | "sum";
}

/** Adds up gradients until they are taken. */
export class GradientAccumulator {
  readonly parameters: readonly Param[];
  readonly #sums: readonly Stat[];
  readonly #count: Stat;

  constructor(parameters: readonly Param[]) {
    checkParameters("GradientAccumulator", parameters);
    this.parameters = [...parameters];
    this.#sums = parameters.map((param) => {
      const [shape, dtype] = [param.shape, computeType(param)];
      return new Stat({ shape, dtype }, () => zeros(shape, dtype), "sum");
    });
    this.#count = new Stat({ shape: [], dtype: "int32" }, () => zeros([], "int32"), "count");
  }

  /** Adds gradients, in the order of the parameters. */
  add(gradients: readonly Tensor[]): void {
    const right = "accumulator.add(grad(loss, model.parameters()))";
    checkGradients("GradientAccumulator.add", this.parameters, gradients, right);
    this.#sums.forEach((sum, i) => {
      sum.assign(add(sum.value, cast(gradients[i], sum.dtype)));
    });
    this.#count.assign(add(this.#count.value, 1));
  }

  /** The mean of what was added since the last time (zeros if nothing was), for `optimizer.update`; starts over. */
  take({ reduction = "mean" }: TakeOptions = {}): readonly Tensor[] {
    if (reduction !== "mean" && reduction !== "sum") {
      throw new ArgumentError(`GradientAccumulator.take: reduction is ${String(reduction)}; give "mean" or "sum".`);
    }
    const count = maximum(this.#count.value, 1);
    const taken = this.#sums.map((sum) =>
      reduction === "mean" ? divide(sum.value, cast(count, sum.dtype)) : sum.value,
    );
    for (const sum of this.#sums) sum.assign(zeros(sum.shape, sum.dtype));
    this.#count.assign(zeros([], "int32"));
    return taken;
  }

  /** Sums by the parameters' names, and `count`. */
  stateDict(): Promise<Record<string, HostArray>> {
    return readState(this.#named());
  }

  /** Continues from what `stateDict` returned. */
  loadStateDict(values: Readonly<Record<string, Tensor | HostArray>>): void {
    writeState("loadStateDict", this.#named(), values);
  }

  #named(): Map<string, Stat> {
    const names = namesOf(this.parameters);
    return new Map([["count", this.#count], ...this.#sums.map((sum, i) => [`sum.${names[i]}`, sum] as const)]);
  }
}
