/**
 * Optimizer: what all of them share. A subclass is a rule for one parameter; the base feeds it.
 *
 * Everything that changes from step to step is a variable, so that an update inside `compile` becomes part of the
 * program: the learning rates (inputs), the state of each parameter (its moments), and the number of updates each
 * parameter has had. These counts are one vector, and what rules compute from them (bias corrections) is computed for
 * all parameters at once. Options other than the learning rate are constants of the trace.
 */
import {
  ArgumentError,
  add,
  cast,
  type DType,
  formatShape,
  type HostArray,
  maximum,
  narrow,
  type Param,
  reshape,
  ShapeError,
  Stat,
  sameShape,
  Tensor,
  tensor,
  zeros,
} from "@sconce/core";
import { readState, writeState } from "@sconce/layers";
import { checkLearningRate, type Group, makeGroups, type OptimizerOptions, type ParameterList } from "./groups.ts";

/** What the update of one parameter starts from, in floats of at least 32 bits. */
export interface ParameterUpdate<Options> {
  readonly value: Tensor;
  readonly gradient: Tensor;
  /** Its state by name, in its shape; zeros at first. */
  readonly state: Readonly<Record<string, Tensor>>;
  readonly learningRate: Tensor;
  /** Its entries of what `shared` returned, each a scalar. */
  readonly shared: readonly Tensor[];
  readonly options: Options;
}

/** What an update makes of a parameter. */
export interface ParameterResult {
  readonly value: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
}

/** How a kind of optimizer works. */
export interface UpdateRule<Options> {
  /** Its name in messages. */
  readonly name: string;
  /** Throws an ArgumentError for options out of range. */
  check(options: Options): void;
  /** The names of the state that each parameter has. */
  state(options: Options): readonly string[];
  /** Vectors computed from the number of updates that each parameter will have had: float32 [parameters]. */
  shared?(counts: Tensor, learningRate: Tensor, options: Options): readonly Tensor[];
  /** The new value and state of one parameter. */
  apply(update: ParameterUpdate<Options>): ParameterResult;
}

/** Changes parameters along their gradients. */
export abstract class Optimizer<Options extends OptimizerOptions = OptimizerOptions> {
  readonly groups: readonly Group<Options>[];
  /** All parameters, in the order in which `update` takes gradients. */
  readonly parameters: readonly Param[];
  readonly #rule: UpdateRule<Options>;
  readonly #state: ReadonlyMap<Param, Readonly<Record<string, Stat>>>;
  readonly #counts: Stat;
  #learningRate: number;

  constructor(parameters: ParameterList<Options>, options: Options, rule: UpdateRule<Options>) {
    this.groups = makeGroups(rule.name, parameters, options, rule.check);
    this.parameters = this.groups.flatMap((group) => group.parameters);
    this.#rule = rule;
    this.#learningRate = options.learningRate;
    this.#state = new Map(
      this.groups.flatMap((group) =>
        group.parameters.map((param) => [param, newState(param, rule.state(group.options))]),
      ),
    );
    const shape = [this.parameters.length];
    this.#counts = new Stat({ shape, dtype: "int32" }, () => zeros(shape, "int32"), "step");
  }

  /** The learning rate; setting it changes the rates of groups in proportion. Compiled functions read it as an input. */
  get learningRate(): number {
    return this.#learningRate;
  }

  set learningRate(learningRate: number) {
    checkLearningRate("optimizer.learningRate", learningRate);
    for (const group of this.groups) group.learningRate = learningRate * group.scale;
    this.#learningRate = learningRate;
  }

  /**
   * Assigns new values to the parameters: `optimizer.update(grad(loss, model.parameters()))`, inside or outside
   * `compile`. Gradients come in the order of `parameters`; frozen parameters keep their values and states.
   */
  update(gradients: readonly Tensor[]): void {
    this.#checkGradients(gradients);
    const active = this.parameters.map((param) => !param.frozen);
    if (!active.includes(true)) return;
    const counts = add(this.#counts.value, active.includes(false) ? tensor(Int32Array.from(active, Number)) : 1);
    this.#counts.assign(counts);
    // A parameter frozen from the start has had none; what is computed from its count must be finite all the same.
    const updates = maximum(cast(counts, "float32"), 1);
    let position = 0;
    for (const group of this.groups) {
      const shared = this.#rule.shared?.(updates, group.rate, group.options) ?? [];
      for (const param of group.parameters) {
        const at = position++;
        if (active[at])
          this.#apply(
            group,
            param,
            gradients[at],
            shared.map((vector) => reshape(narrow(vector, 0, at, 1), [])),
          );
      }
    }
  }

  /** Moments, counts and learning rates by name: `exp_avg.layer1.weight`, `step`, `learning_rate`. */
  async stateDict(): Promise<Record<string, HostArray>> {
    const rates = this.groups.map((group) => group.learningRate);
    const state = await readState(this.#named());
    return { ...state, learning_rate: { shape: [rates.length], dtype: "float64", data: Float64Array.from(rates) } };
  }

  /** Continues from what `stateDict` returned; names and shapes are checked before anything changes. */
  loadStateDict(values: Readonly<Record<string, Tensor | HostArray>>): void {
    const { learning_rate: rates, ...state } = values;
    const wanted = [this.groups.length];
    if (!rates || rates instanceof Tensor || !sameShape(rates.shape, wanted)) {
      const shown = rates
        ? `${rates instanceof Tensor ? "a tensor" : rates.dtype} ${formatShape(rates.shape)}`
        : "missing";
      throw new ArgumentError(
        `${this.#rule.name}.loadStateDict: learning_rate is ${shown}; it must be a host array ${formatShape(wanted)}, a rate per group, as from stateDict().`,
      );
    }
    for (const rate of rates.data) checkLearningRate(`${this.#rule.name}.loadStateDict: learning_rate`, rate);
    writeState("loadStateDict", this.#named(), state);
    this.groups.forEach((group, i) => {
      group.learningRate = rates.data[i];
    });
    this.#learningRate = rates.data[0] / this.groups[0].scale;
  }

  #apply(group: Group<Options>, param: Param, gradient: Tensor, shared: readonly Tensor[]): void {
    const dtype = computeType(param);
    const variables = this.#state.get(param) as Readonly<Record<string, Stat>>;
    const state = Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, variable.value]));
    const result = this.#rule.apply({
      value: cast(param.value, dtype),
      gradient: cast(gradient, dtype),
      state,
      learningRate: group.rate,
      shared,
      options: group.options,
    });
    for (const [name, variable] of Object.entries(variables)) variable.assign(result.state[name]);
    param.assign(cast(result.value, param.dtype));
  }

  /** State by the names of the parameters as they are now; equal names of unconnected models are told apart by number. */
  #named(): Map<string, Stat> {
    const named = new Map([["step", this.#counts]]);
    const taken = new Set<string>();
    this.parameters.forEach((param, i) => {
      const own = param.name ?? String(i);
      let name = own;
      for (let n = 2; taken.has(name); n++) name = `${own}#${n}`;
      taken.add(name);
      for (const [kind, variable] of Object.entries(this.#state.get(param) ?? {}))
        named.set(`${kind}.${name}`, variable);
    });
    return named;
  }

  #checkGradients(gradients: readonly Tensor[]): void {
    const call = `${this.#rule.name}.update`;
    const right = "Give them in the order of the parameters: optimizer.update(grad(loss, model.parameters())).";
    if (!Array.isArray(gradients) || gradients.length !== this.parameters.length) {
      const given = Array.isArray(gradients) ? `${gradients.length} gradients` : "no list of gradients";
      throw new ArgumentError(`${call}: ${given} for ${this.parameters.length} parameters. ${right}`);
    }
    this.parameters.forEach((param, i) => {
      if (gradients[i] instanceof Tensor && sameShape(gradients[i].shape, param.shape)) return;
      const given = gradients[i] instanceof Tensor ? `shape ${formatShape(gradients[i].shape)}` : String(gradients[i]);
      throw new ShapeError(`${call}: gradient ${i} is ${given} for ${param}. ${right}`);
    });
  }
}

/** Half precision is too coarse for moments and small steps. */
function computeType(param: Param): DType {
  return param.dtype === "float16" ? "float32" : param.dtype;
}

function newState(param: Param, names: readonly string[]): Readonly<Record<string, Stat>> {
  const dtype = computeType(param);
  const fresh = (name: string): Stat => new Stat({ shape: param.shape, dtype }, () => zeros(param.shape, dtype), name);
  return Object.fromEntries(names.map((name) => [name, fresh(name)]));
}
