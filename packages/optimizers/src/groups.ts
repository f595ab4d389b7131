/** Parameters that share options, and the learning rate they share. */
import { ArgumentError, CaptureError, isTracing, Param, Stat, scalar, type Tensor } from "@sconce/core";

/** What every optimizer's options contain. */
export interface OptimizerOptions {
  readonly learningRate: number;
}

/** Parameters with options of their own; what they leave out is as for the others. */
export type ParameterGroup<Options extends OptimizerOptions> = Partial<Options> & {
  readonly parameters: readonly Param[];
};

/** Parameters, or groups of them. */
export type ParameterList<Options extends OptimizerOptions> = readonly Param[] | readonly ParameterGroup<Options>[];

/** A group with all its options. */
export class Group<Options extends OptimizerOptions> {
  readonly parameters: readonly Param[];
  readonly options: Options;
  /** Its learning rate at the start, relative to the optimizer's. */
  readonly scale: number;
  readonly #rate: Stat;
  #learningRate: number;

  constructor(parameters: readonly Param[], options: Options, scale: number) {
    this.parameters = parameters;
    this.options = options;
    this.scale = scale;
    this.#learningRate = options.learningRate;
    this.#rate = new Stat({ shape: [], dtype: "float32" }, scalar(options.learningRate), "learning_rate");
  }

  get learningRate(): number {
    return this.#learningRate;
  }

  /** Takes effect at the next update, in compiled functions too: they read the rate as an input. */
  set learningRate(learningRate: number) {
    if (isTracing()) {
      throw new CaptureError(
        "optimizer.learningRate: set inside a function under compile, which runs once and not at every step.\n" +
          "  wrong:  compile((x) => { optimizer.learningRate = schedule(i); ...; optimizer.update(gradients); })\n" +
          "  right:  optimizer.learningRate = schedule(i); await step(x);",
      );
    }
    checkLearningRate("optimizer.learningRate", learningRate);
    this.#learningRate = learningRate;
    this.#rate.assign(scalar(learningRate));
  }

  /** The learning rate as an input of the program. */
  get rate(): Tensor {
    return this.#rate.value;
  }
}

/** Refuses what is no learning rate. */
export function checkLearningRate(where: string, learningRate: number): void {
  if (learningRate >= 0 && learningRate < Number.POSITIVE_INFINITY) return;
  throw new ArgumentError(`${where} is ${learningRate}; give a finite number of at least 0, for example 1e-3.`);
}

/** The groups that a list of parameters or of groups stands for; options that are left out come from `defaults`. */
export function makeGroups<Options extends OptimizerOptions>(
  optimizer: string,
  parameters: ParameterList<Options>,
  defaults: Options,
  check: (options: Options) => void,
): Group<Options>[] {
  checkLearningRate(`${optimizer}: learningRate`, defaults.learningRate);
  const groups = parameters
    .map((entry) => (entry instanceof Param ? undefined : entry))
    .filter((entry) => entry !== undefined);
  const plain = parameters.filter((entry) => entry instanceof Param);
  if (groups.length > 0 && plain.length > 0) {
    throw new ArgumentError(
      `${optimizer}: the list mixes parameters and groups; give either, for example [{ parameters }, { parameters: others, learningRate: 1e-4 }].`,
    );
  }
  const made =
    groups.length > 0 ? groups.map((group) => makeGroup(optimizer, group, defaults)) : [new Group(plain, defaults, 1)];
  for (const { options } of made) check(options);
  checkParameters(
    optimizer,
    made.flatMap((group) => group.parameters),
  );
  return made;
}

function makeGroup<Options extends OptimizerOptions>(
  optimizer: string,
  group: ParameterGroup<Options>,
  defaults: Options,
): Group<Options> {
  const { parameters, ...own } = group;
  if (!Array.isArray(parameters)) {
    throw new ArgumentError(
      `${optimizer}: a group has no list of parameters; give { parameters: model.parameters(), learningRate: 1e-4 }.`,
    );
  }
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  const options: Options = { ...defaults, ...(Object.fromEntries(given) as Partial<Options>) };
  checkLearningRate(`${optimizer}: learningRate of a group`, options.learningRate);
  if (defaults.learningRate === 0 && options.learningRate !== 0) {
    throw new ArgumentError(
      `${optimizer}: a group's learningRate is ${options.learningRate} beside the optimizer's 0; give the optimizer a rate above 0, to which the group's is in proportion.`,
    );
  }
  return new Group(parameters, options, defaults.learningRate === 0 ? 1 : options.learningRate / defaults.learningRate);
}

/** Refuses a list that is empty, or has anything but different parameters. */
export function checkParameters(optimizer: string, parameters: readonly Param[]): void {
  if (parameters.length === 0) {
    throw new ArgumentError(
      `${optimizer}: the list of parameters is empty; give model.parameters() of a module whose fields hold layers.`,
    );
  }
  const seen = new Set<unknown>();
  for (const param of parameters) {
    if (!(param instanceof Param)) {
      throw new ArgumentError(
        `${optimizer}: found ${String(param)} among the parameters; give Params, as model.parameters() does.`,
      );
    }
    if (seen.has(param)) throw new ArgumentError(`${optimizer}: ${param} is listed twice; give each parameter once.`);
    seen.add(param);
  }
}
