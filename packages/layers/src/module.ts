/**
 * Module: the base of every layer and model.
 *
 * A module finds what belongs to it by walking its own enumerable fields: variables, modules, and arrays and plain
 * objects of these. A variable's name is the path to it in snake case, `layer1.0.bn1.running_mean`. Names are assigned
 * by the first walk from the outermost module: when its `forward` is called, or when it is asked for its parameters.
 * Initial values are made later still, when a value is first needed, from a key that hashes the seed and the name: a
 * layer more or less leaves the values of the others unchanged.
 */
import {
  ArgumentError,
  currentSeed,
  type DType,
  type HostArray,
  hashKey,
  Param,
  RandomState,
  type Shape,
  Stat,
  type Tensor,
  tensor,
  Variable,
} from "@sconce/core";
import type { Initializer } from "./initializers.ts";
import { type LoadOptions, type LoadReport, readState, writeState } from "./state-dict.ts";

/** The modules whose `forward` is running, outermost first. */
const running: Module[] = [];

/** Told of every `forward` that ends, inner modules before outer ones. */
type Observer = (module: Module, inputs: readonly unknown[], output: unknown) => void;

const observers: Observer[] = [];

/** Runs `fn` (synchronous), telling `observer` of every module whose `forward` ends in it. */
export function observing<Result>(observer: Observer, fn: () => Result): Result {
  observers.push(observer);
  try {
    return fn();
  } finally {
    observers.splice(observers.lastIndexOf(observer), 1);
  }
}

/**
 * A part of a network. Subclasses assign parameters and child modules to fields and implement `forward`.
 *
 * Two models that share no outer module name their variables alike, and so start from equal values; hold them in one
 * module, or call `setSeed` between constructing them, to have them differ.
 */
export abstract class Module {
  constructor() {
    const forward = this.forward as ((...inputs: unknown[]) => unknown) | undefined;
    if (typeof forward !== "function") {
      throw new ArgumentError(
        `${this.constructor.name}: forward is no method of the class, so calls of it cannot be followed.\n` +
          "  wrong:  class Net extends Module { forward = (x: Tensor) => this.layer.forward(x); }\n" +
          "  right:  class Net extends Module { forward(x: Tensor): Tensor { return this.layer.forward(x); } }",
      );
    }
    const value = (...inputs: unknown[]): unknown => {
      if (running.length === 0) nameVariables(this);
      running.push(this);
      try {
        const output = forward.apply(this, inputs);
        for (const observer of observers) observer(this, inputs, output);
        return output;
      } finally {
        running.pop();
      }
    };
    // Not enumerable: the walk and console.log see only what the subclass assigns.
    Object.defineProperty(this, "forward", { value, writable: true, configurable: true });
  }

  /** The module's result for its inputs. */
  abstract forward(...inputs: never[]): unknown;

  /** What optimizers train, each once, frozen ones included. */
  parameters(): Param[] {
    return [...this.namedParameters().values()];
  }

  /** The parameters by name; one that is held twice has its first name. */
  namedParameters(): Map<string, Param> {
    return this.#named((variable) => variable instanceof Param) as Map<string, Param>;
  }

  /** Statistics of the data, such as running means. */
  stats(): Stat[] {
    return [...this.#named((variable) => variable instanceof Stat).values()];
  }

  /** Parameters, statistics and the states of random generators. */
  variables(): Variable[] {
    return [...this.namedVariables().values()];
  }

  /** The variables by name; one that is held twice has its first name. */
  namedVariables(): Map<string, Variable> {
    return this.#named(() => true);
  }

  /** This module and all modules below it. */
  modules(): Module[] {
    return [...this.namedModules().values()];
  }

  /** This module (under the empty name) and all modules below it by name. */
  namedModules(): Map<string, Module> {
    const found = new Map<Module, string>();
    walk(this, (path, item) => {
      if (item instanceof Module && !found.has(item)) found.set(item, path);
    });
    return new Map([...found].map(([module, path]) => [path, module]));
  }

  /** The modules held by this one's fields and by arrays in them. */
  children(): Module[] {
    const found = new Set<Module>();
    walk(this, (path, item) => {
      if (path === "" || !(item instanceof Module)) return true;
      found.add(item);
      return false;
    });
    return [...found];
  }

  /** The values of parameters and statistics by name, as PyTorch names them, with int32 in place of int64. */
  stateDict(): Promise<Record<string, HostArray>> {
    return readState(this.#stateful());
  }

  /**
   * Sets parameters and statistics from a record of values by name. Names and shapes are checked before anything is
   * assigned; a missing or unexpected name is an error unless `strict` is false, and is reported then.
   */
  loadStateDict(values: Readonly<Record<string, Tensor | HostArray>>, options: LoadOptions = {}): LoadReport {
    return writeState("loadStateDict", this.#stateful(), values, options);
  }

  /** Keeps optimizers from changing the parameters; statistics follow the mode as before. */
  freeze(): this {
    for (const param of this.parameters()) param.frozen = true;
    return this;
  }

  /** Lets optimizers change the parameters again. */
  unfreeze(): this {
    for (const param of this.parameters()) param.frozen = false;
    return this;
  }

  /** A parameter whose initial value follows from the present seed and from the name it will have. */
  protected newParam(shape: Shape, initializer: Initializer, dtype: DType = "float32"): Param {
    const key = this.#keyFor(() => param);
    const param: Param = new Param({ shape, dtype }, () => initializer(shape, tensor(new Uint32Array(key())), dtype));
    return param;
  }

  /** A statistic with an initial value. */
  protected newStat(shape: Shape, initial: () => Tensor, dtype: DType = "float32"): Stat {
    return new Stat({ shape, dtype }, initial);
  }

  /** A generator whose key follows from the present seed and from the name it will have. */
  protected newRandomState(): RandomState {
    const key = this.#keyFor(() => state);
    const state: RandomState = new RandomState(key);
    return state;
  }

  #keyFor(variable: () => Variable): () => readonly [number, number] {
    const seed = currentSeed();
    return () => {
      // A value asked of a layer that no model was called with: the layer is the model.
      if (variable().name === undefined) nameVariables(this);
      return hashKey(seed, variable().name ?? "");
    };
  }

  /** Variables of a kind by their first name; gives names on the way. */
  #named(wanted: (variable: Variable) => boolean): Map<string, Variable> {
    const names = new Map<Variable, string>();
    for (const [path, variable] of nameVariables(this))
      if (wanted(variable) && !names.has(variable)) names.set(variable, path);
    return new Map([...names].map(([variable, path]) => [path, variable]));
  }

  /** Parameters and statistics under every name they have. */
  #stateful(): Map<string, Variable> {
    return new Map([...nameVariables(this)].filter(([, variable]) => !(variable instanceof RandomState)));
  }
}

/** A module from one tensor to one tensor. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

/** Every path below `root` to a variable; a variable without a name, or named by a part of `root`, is named by its first. */
function nameVariables(root: Module): Map<string, Variable> {
  const paths = new Map<string, Variable>();
  walk(root, (path, item) => {
    if (!(item instanceof Variable)) return;
    const other = paths.get(path);
    if (other && other !== item) {
      throw new ArgumentError(
        `${root.constructor.name}: two variables are both named ${path} in snake case; rename one of the fields.`,
      );
    }
    paths.set(path, item);
    if (item.name === undefined || path.endsWith(`.${item.name}`)) item.name = path;
  });
  return paths;
}

/** Visits every module and variable below `root`, owners first, once per path; below a module only unless `visit` returns false. */
function walk(root: Module, visit: (path: string, item: Module | Variable) => unknown): void {
  const above = new Set<object>();
  const enter = (path: string, value: unknown): void => {
    if (typeof value !== "object" || value === null || above.has(value)) return;
    if (value instanceof Variable) visit(path, value);
    else if (value instanceof Module ? visit(path, value) !== false : isContainer(path, value)) {
      above.add(value);
      for (const [key, entry] of Object.entries(value))
        enter(path === "" ? snakeCase(key) : `${path}.${snakeCase(key)}`, entry);
      above.delete(value);
    }
  };
  enter("", root);
}

function isContainer(path: string, value: object): boolean {
  if (Array.isArray(value)) return true;
  if (value instanceof Map || value instanceof Set) {
    for (const entry of value.values()) {
      if (!(entry instanceof Module || entry instanceof Variable)) continue;
      throw new ArgumentError(
        `${path}: a ${value.constructor.name} holds modules or variables, which have no names there.\n` +
          '  wrong:  this.heads = new Map([["boxes", new Linear(256, 4)]]);\n' +
          "  right:  this.heads = { boxes: new Linear(256, 4) };   // or an array",
      );
    }
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** runningMean as running_mean; a name with capitals or underscores of its own choice (Mixed_5b) stays. */
function snakeCase(key: string): string {
  if (/^[A-Z]|_/.test(key)) return key;
  return key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
