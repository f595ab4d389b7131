/**
 * The exponential moving average of weights (Polyak and Juditsky 1992), as `AveragedModel` with `get_ema_multi_avg_fn`
 * of PyTorch: the first update copies the weights, the following ones make  average = decay average + (1 - decay) p.
 * `update` belongs into the training step, after the optimizer's; averages are statistics, and often predict better.
 *
 *   average.swapIn();  const accuracy = await evaluate(model);  average.swapOut();
 */
import {
  ArgumentError,
  add,
  CaptureError,
  cast,
  equal,
  evaluateAll,
  greater,
  type HostArray,
  isTracing,
  multiply,
  type Param,
  readHost,
  Stat,
  subtract,
  type Tensor,
  where,
  zeros,
} from "@sconce/core";
import { readState, writeState } from "@sconce/layers";
import { checkBelow1 } from "./check.ts";
import { checkParameters } from "./groups.ts";
import { computeType, namesOf } from "./state-names.ts";

export interface WeightAverageOptions {
  /** How much of the average each update keeps; 0.999 by default. */
  readonly decay?: number;
}

/** Averages of parameters beside them. */
export class WeightAverage {
  readonly parameters: readonly Param[];
  readonly #decay: number;
  readonly #averages: readonly Stat[];
  readonly #count: Stat;
  /** The parameters' own values while the averages are in their place. */
  #own: readonly Tensor[] | undefined;

  constructor(parameters: readonly Param[], { decay = 0.999 }: WeightAverageOptions = {}) {
    checkParameters("WeightAverage", parameters);
    checkBelow1("WeightAverage", "decay", decay);
    this.parameters = [...parameters];
    this.#decay = decay;
    this.#averages = parameters.map((param) => {
      const [shape, dtype] = [param.shape, computeType(param)];
      return new Stat({ shape, dtype }, () => zeros(shape, dtype), "average");
    });
    this.#count = new Stat({ shape: [], dtype: "int32" }, () => zeros([], "int32"), "n_averaged");
  }

  /** Takes the present weights into the averages, inside or outside `compile`. */
  update(): void {
    if (this.#own) throw new ArgumentError("WeightAverage.update: the averages are swapped in; call swapOut() first.");
    const count = this.#count.value;
    this.#averages.forEach((average, i) => {
      const value = cast(this.parameters[i].value, average.dtype);
      const moved = add(average.value, multiply(subtract(value, average.value), 1 - this.#decay));
      average.assign(where(equal(count, 0), value, moved));
    });
    this.#count.assign(add(count, 1));
  }

  /** Puts the averages in the place of the weights, until `swapOut`; before the first update they are the weights. */
  swapIn(): void {
    this.#refuseTrace("swapIn");
    if (this.#own)
      throw new ArgumentError("WeightAverage.swapIn: the averages are swapped in already; call swapOut().");
    this.#own = this.parameters.map(({ value }) => value);
    this.#averaged().forEach((average, i) => {
      this.parameters[i].assign(average);
    });
  }

  /** Gives the parameters their own values back. */
  swapOut(): void {
    this.#refuseTrace("swapOut");
    if (!this.#own) throw new ArgumentError("WeightAverage.swapOut: the averages are not swapped in; call swapIn().");
    this.#own.forEach((value, i) => {
      this.parameters[i].assign(value);
    });
    this.#own = undefined;
  }

  /** The averages under the parameters' names: `model.loadStateDict(await average.weights(), { strict: false })`. */
  async weights(): Promise<Record<string, HostArray>> {
    const names = namesOf(this.parameters);
    const averages = this.#own ? this.parameters.map(({ value }) => value) : this.#averaged();
    await evaluateAll(...averages);
    const arrays = await Promise.all(averages.map((average) => readHost(average)));
    return Object.fromEntries(names.map((name, i) => [name, arrays[i]]));
  }

  /** Averages by the parameters' names, and `n_averaged`. */
  stateDict(): Promise<Record<string, HostArray>> {
    return readState(this.#named());
  }

  /** Continues from what `stateDict` returned. */
  loadStateDict(values: Readonly<Record<string, Tensor | HostArray>>): void {
    writeState("loadStateDict", this.#named(), values);
  }

  /** The averages in the parameters' types. */
  #averaged(): readonly Tensor[] {
    const hasAny = greater(this.#count.value, 0);
    return this.#averages.map((average, i) => {
      const param = this.parameters[i];
      return where(hasAny, cast(average.value, param.dtype), param.value);
    });
  }

  #refuseTrace(call: string): void {
    if (!isTracing()) return;
    throw new CaptureError(
      `WeightAverage.${call}: called inside a function under compile, so every replay would exchange the weights again.\n` +
        `  wrong:  compile((x) => { average.${call}(); return model.forward(x); })\n` +
        `  right:  average.${call}(); const y = await predict(x);`,
    );
  }

  #named(): Map<string, Stat> {
    const names = namesOf(this.parameters);
    const averages = this.#averages.map((average, i) => [`average.${names[i]}`, average] as const);
    return new Map([["n_averaged", this.#count], ...averages]);
  }
}
