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
  full,
  type HostArray,
  maximum,
  narrow,
  type Param,
  reshape,
  Stat,
  sameShape,
  Tensor,
  tensor,
  where,
  zeros,
} from "@sconce/core";
import { readState, writeState } from "@sconce/layers";
import { checkGradients } from "./check-gradients.ts";
import { checkLearningRate, type Group, makeGroups, type OptimizerOptions, type ParameterList } from "./groups.ts";
import { computeType, namesOf } from "./state-names.ts";

/** What the update of one parameter starts from, in floats of at least 32 bits. */
export interface ParameterUpdate<Options> {
  readonly value: Tensor;
  readonly gradient: Tensor;
  /** Its state by name, in its shape. */
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

/** What a rule computes for all parameters at once. */
export interface SharedResult {
  /** Vectors [parameters], of which `apply` sees its parameter's entries. */
  readonly values: readonly Tensor[];
  /** The new values of the rule's counters. */
  readonly counters?: Readonly<Record<string, Tensor>>;
}

/** How a kind of optimizer works. */
export interface UpdateRule<Options> {
  /** Its name in messages. */
  readonly name: string;
  /** Throws an ArgumentError for options out of range. */
  check(options: Options): void;
  /** The state that each parameter has, by name, with the number it starts from everywhere. */
  state(options: Options): Readonly<Record<string, number>>;
  /** State of one number per parameter, by name, with the number it starts from. */
  readonly counters?: Readonly<Record<string, number>>;
  /** What follows from the number of updates that each parameter will have had, float32 [parameters], and from `counters`. */
  shared?(
    counts: Tensor,
    learningRate: Tensor,
    options: Options,
    counters: Readonly<Record<string, Tensor>>,
  ): SharedResult;
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
  /** The rule's own counters: float32 [parameters] each. */
  readonly #counters: Readonly<Record<string, Stat>>;
  #learningRate: number;

  constructor(parameters: ParameterList<Options>, options: Options, rule: UpdateRule<Options>) {
    this.groups = makeGroups(rule.name, parameters, options, rule.check);
    this.parameters = this.groups.flatMap((group) => group.parameters);
    this.#rule = rule;
    this.#learningRate = options.learningRate;
    this.#state = new Map(
      this.groups.flatMap((group) =>
        group.parameters.map((param) => [param, newState(param.shape, computeType(param), rule.state(group.options))]),
      ),
    );
    const shape = [this.parameters.length];
    this.#counts = new Stat({ shape, dtype: "int32" }, () => zeros(shape, "int32"), "step");
    this.#counters = newState(shape, "float32", rule.counters ?? {});
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
    const right = "optimizer.update(grad(loss, model.parameters()))";
    checkGradients(`${this.#rule.name}.update`, this.parameters, gradients, right);
    const active = this.parameters.map((param) => !param.frozen);
    if (!active.includes(true)) return;
    const counts = add(this.#counts.value, active.includes(false) ? tensor(Int32Array.from(active, Number)) : 1);
    this.#counts.assign(counts);
    // A parameter frozen from the start has had none; what is computed from its count must be finite all the same.
    const updates = maximum(cast(counts, "float32"), 1);
    const before = valuesOf(this.#counters);
    let after = before;
    let position = 0;
    for (const group of this.groups) {
      const end = position + group.parameters.length;
      const shared = this.#rule.shared?.(updates, group.rate, group.options, before);
      const counted = active.map((isActive, at) => isActive && at >= position && at < end);
      after = Object.fromEntries(
        Object.entries(after).map(([name, old]) => [name, choose(counted, shared?.counters?.[name] ?? old, old)]),
      );
      for (const param of group.parameters) {
        const at = position++;
        if (!active[at]) continue;
        const entries = shared?.values.map((vector) => reshape(narrow(vector, 0, at, 1), [])) ?? [];
        this.#apply(group, param, gradients[at], entries);
      }
    }
    for (const [name, variable] of Object.entries(this.#counters)) variable.assign(after[name]);
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
    // A group without a rate of its own says nothing about the common one.
    const telling = this.groups.findIndex(({ scale }) => scale > 0);
    if (telling >= 0) this.#learningRate = rates.data[telling] / this.groups[telling].scale;
  }

  #apply(group: Group<Options>, param: Param, gradient: Tensor, shared: readonly Tensor[]): void {
    const dtype = computeType(param);
    const variables = this.#state.get(param) as Readonly<Record<string, Stat>>;
    const result = this.#rule.apply({
      value: cast(param.value, dtype),
      gradient: cast(gradient, dtype),
      state: valuesOf(variables),
      learningRate: group.rate,
      shared,
      options: group.options,
    });
    for (const [name, variable] of Object.entries(variables)) variable.assign(result.state[name]);
    param.assign(cast(result.value, param.dtype));
  }

  /** State by the names of the parameters as they are now. */
  #named(): Map<string, Stat> {
    const names = namesOf(this.parameters);
    const own = this.parameters.flatMap((param, i) =>
      Object.entries(this.#state.get(param) ?? {}).map(
        ([kind, variable]) => [`${kind}.${names[i]}`, variable] as const,
      ),
    );
    return new Map([["step", this.#counts], ...Object.entries(this.#counters), ...own]);
  }
}

function newState(
  shape: readonly number[],
  dtype: DType,
  initial: Readonly<Record<string, number>>,
): Readonly<Record<string, Stat>> {
  const fresh = (name: string, value: number): Stat =>
    new Stat({ shape, dtype }, () => full(shape, value, dtype), name);
  return Object.fromEntries(Object.entries(initial).map(([name, value]) => [name, fresh(name, value)]));
}

function valuesOf(variables: Readonly<Record<string, Stat>>): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, variable.value]));
}

/** `yes` where `condition` is true, and `no` elsewhere. */
function choose(condition: readonly boolean[], yes: Tensor, no: Tensor): Tensor {
  if (!condition.includes(false)) return yes;
  return where(tensor(Int32Array.from(condition, Number)).notEqual(0), yes, no);
}
