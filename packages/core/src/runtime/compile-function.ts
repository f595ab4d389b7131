/**
 * `compile(fn)`: traces `fn` once per signature of its arguments, then replays the program.
 *
 * To find values that `fn` closes over and that change (a host number, a tensor of the last batch), it is traced twice
 * at its first call and once more at its second; the traces must agree.
 */
import { type Capture, capture } from "../compiler/graph.ts";
import type { Program } from "../compiler/program.ts";
import { CaptureError } from "../errors.ts";
import { isTraining, markDecided } from "../mode.ts";
import { sourceOp } from "../ops/source.ts";
import { type Source, Tensor } from "../tensor.ts";
import { flatten, rebuild } from "../tree.ts";
import { frozenSignature, type Variable } from "../variable.ts";
import { activeAnomalyCheck } from "./anomaly.ts";
import { compareTraces } from "./compare-traces.ts";
import { evaluateOn, newStorage, runtimeFor, sourceBuffer, storageBuffer } from "./evaluate.ts";
import type { Executable } from "./executable.ts";
import { attempt, chain, type MaybePromise } from "./maybe-promise.ts";
import type { Runtime } from "./runtime.ts";
import type { Storage } from "./storage.ts";
import { currentTrace, Trace, withTrace } from "./trace.ts";

/** A captured function: same arguments, and a promise of its result. */
export interface Compiled<Arguments extends readonly unknown[], Result> {
  (...args: Arguments): Promise<Result>;
  /** The programs made so far, one per signature, the latest last. */
  programs(): readonly Program[];
  /** Frees the memory of its programs; the next call makes them again. */
  dispose(): void;
}

/** One trace of the function. */
export interface TracedCall {
  readonly capture: Capture;
  /** What each source was at the time of the trace; host data is uploaded later. */
  readonly given: readonly (Source | undefined)[];
  readonly result: unknown;
  readonly resultCount: number;
  readonly writes: readonly Variable[];
}

interface Entry {
  readonly traced: TracedCall;
  executable?: MaybePromise<Executable>;
  calls: number;
}

/** Captures `fn`. Arguments and results are tensors, or arrays and plain objects of tensors; booleans and strings are part of the signature. */
export function compile<Arguments extends readonly unknown[], Result>(
  fn: (...args: Arguments) => Result,
): Compiled<Arguments, Result> {
  const entries = new Map<string, Entry>();

  const call = (args: Arguments): MaybePromise<Result> => {
    if (currentTrace()) throw nested();
    const flat = flatten(args, refuseArgument);
    if (activeAnomalyCheck()) return runPlainly(fn, args);
    const trace = (): TracedCall => traceCall(fn, args, flat.tensors);
    return chain(runtimeFor(flat.tensors), (runtime) => {
      const key = signatureOf(flat.structure, flat.tensors, runtime);
      let entry = entries.get(key);
      if (!entry) {
        entry = { traced: trace(), calls: 0 };
        compareTraces(entry.traced, trace(), trace);
        entries.set(key, entry);
      } else if (entry.calls === 1) {
        compareTraces(entry.traced, trace(), trace);
      }
      entry.calls++;
      const { traced } = entry;
      return runtime.enqueue(() =>
        chain(runtime.throttle(), () => replay(runtime, entry, traced, flat.tensors)),
      ) as MaybePromise<Result>;
    });
  };

  const compiled = (...args: Arguments): Promise<Result> => markDecided(new Promise((resolve) => resolve(call(args))));
  return Object.assign(compiled, {
    programs: (): readonly Program[] =>
      [...entries.values()].flatMap(({ executable }) =>
        executable && !(executable instanceof Promise) ? [executable.program] : [],
      ),
    dispose: (): void => {
      for (const { executable } of entries.values())
        if (executable && !(executable instanceof Promise)) executable.dispose();
      entries.clear();
    },
  });
}

let runtimeNumbers = 0;
const numberOf = new WeakMap<Runtime, number>();

function signatureOf(structure: string, tensors: readonly Tensor[], runtime: Runtime): string {
  if (!numberOf.has(runtime)) numberOf.set(runtime, runtimeNumbers++);
  const shapes = tensors.map(({ dtype, shape }) => `${dtype}[${shape.join(",")}]`).join(";");
  return `${numberOf.get(runtime)}|${isTraining()}|${frozenSignature()}|${structure}|${shapes}`;
}

/** Runs `fn` on placeholders and captures what it returns and assigns. */
function traceCall<Arguments extends readonly unknown[]>(
  fn: (...args: Arguments) => unknown,
  args: Arguments,
  tensors: readonly Tensor[],
): TracedCall {
  const placeholders = tensors.map(
    (tensor, position) => new Tensor(sourceOp, [], undefined, tensor, { kind: "input", position }),
  );
  const trace = new Trace();
  const result = withTrace(trace, () => fn(...(rebuild(args, placeholders) as unknown as Arguments)));
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new CaptureError(
      "compile: the function is asynchronous; a trace runs it once, without waiting for anything.\n" +
        "  wrong:  compile(async (x) => { const y = f(x); await y.data(); return y; })\n" +
        "  right:  const step = compile((x) => f(x)); const y = await step(x); await y.data();",
    );
  }
  const results = flatten(result, refuseResult);
  const writes = [...trace.writes.keys()];
  const outputs = [...results.tensors, ...trace.writes.values()];
  const order = [...placeholders, ...trace.reads.values()];
  const graph = capture(outputs, order);
  const given = graph.tensors.map((tensor) => tensor.source);
  return { capture: graph, given, result, resultCount: results.tensors.length, writes };
}

/** Runs the program once with the present values of arguments and variables. */
function replay(runtime: Runtime, entry: Entry, traced: TracedCall, args: readonly Tensor[]): MaybePromise<unknown> {
  const { sources } = traced.capture;
  const variables = sources.flatMap(({ source }) => (source?.kind === "variable" ? [source.variable] : []));
  const pending = variables.filter((variable) => !variable.storage).map((variable) => variable.current());
  return chain(evaluateOn(runtime, [...args, ...pending]), () => {
    for (const variable of variables) if (!variable.storage) settleHostValue(runtime, variable);
    entry.executable ??= makeExecutable(runtime, entry, traced);
    return chain(entry.executable, (executable) => runOnce(runtime, executable, traced, args));
  });
}

/** A variable that was given host data takes the uploaded buffer as its own. */
function settleHostValue(runtime: Runtime, variable: Variable): void {
  const value = variable.current();
  sourceBuffer(runtime, value);
  if (value.source?.kind === "stored") variable.adopt(value.source.storage, value);
}

function makeExecutable(runtime: Runtime, entry: Entry, traced: TracedCall): MaybePromise<Executable> {
  const { sources } = traced.capture;
  const roles = traced.capture.outputs.map((_, i) => {
    const variable = traced.writes[i - traced.resultCount];
    const replaces = sources.findIndex(({ source }) => source?.kind === "variable" && source.variable === variable);
    return variable && replaces >= 0 ? { replaces } : {};
  });
  const made = runtime.compile(traced.capture, roles, true);
  if (made instanceof Promise) {
    made.then(
      (ready) => {
        entry.executable = ready;
      },
      () => {
        entry.executable = undefined;
      },
    );
  }
  return made;
}

function runOnce(
  runtime: Runtime,
  executable: Executable,
  traced: TracedCall,
  args: readonly Tensor[],
): MaybePromise<unknown> {
  const { capture: graph, writes, resultCount } = traced;
  const buffers = graph.sources.map((tensor) => {
    const { source } = tensor;
    if (source?.kind === "input") return sourceBuffer(runtime, args[source.position]);
    return source?.kind === "variable" ? variableBuffer(runtime, source.variable) : sourceBuffer(runtime, tensor);
  });
  const fresh: Storage[] = [];
  const storages: Storage[] = [];
  const storageFor = (output: Tensor, i: number): Storage => {
    const { home } = executable.program.values[executable.program.outputs[i]];
    const variable = writes[i - resultCount];
    const mayOverwrite = home.kind === "output" && home.inPlaceOf !== undefined && variable?.exclusive;
    if (mayOverwrite && variable.storage) return variable.storage;
    const storage = newStorage(runtime, output);
    fresh.push(storage);
    return storage;
  };
  const succeed = (): unknown => {
    runtime.submitted();
    writes.forEach((variable, i) => {
      variable.adopt(storages[resultCount + i]);
    });
    const results = storages
      .slice(0, resultCount)
      .map((storage, i) => new Tensor(sourceOp, [], undefined, graph.outputs[i], { kind: "stored", storage }));
    return rebuild(traced.result, results);
  };
  const fail = (error: unknown): never => {
    for (const storage of fresh) storage.release();
    throw error;
  };
  const start = (): MaybePromise<void> => {
    graph.outputs.forEach((output, i) => {
      storages.push(storageFor(output, i));
    });
    const outputs = storages.map((storage) => storage.buffer);
    return executable.run(buffers, outputs);
  };
  return attempt(start, succeed, fail);
}

/** Under `detectAnomaly` the function runs op by op, uncaptured. */
function runPlainly<Arguments extends readonly unknown[], Result>(
  fn: (...args: Arguments) => Result,
  args: Arguments,
): MaybePromise<Result> {
  const result = fn(...args);
  const { tensors } = flatten(result, refuseResult);
  return chain(
    chain(runtimeFor(tensors), (runtime) => runtime.enqueue(() => evaluateOn(runtime, tensors))),
    () => result,
  );
}

function nested(): CaptureError {
  return new CaptureError(
    "compile: a compiled function is called inside another one, where its result cannot be awaited.\n" +
      "  wrong:  const inner = compile(f); const outer = compile((x) => inner(x));\n" +
      "  right:  const outer = compile((x) => f(x));   // the plain function becomes part of the outer program",
  );
}

function refuseArgument(path: string, value: unknown): CaptureError {
  const shown = typeof value === "number" ? value : Object.prototype.toString.call(value);
  return new CaptureError(
    `compile: argument${path} is ${shown}; a captured program takes tensors (and booleans or strings, each of which makes a program of its own).\n` +
      "  wrong:  step(images, 0.1)\n" +
      "  right:  step(images, scalar(0.1))",
  );
}

function refuseResult(path: string, value: unknown): CaptureError {
  const shown = typeof value === "number" ? value : Object.prototype.toString.call(value);
  return new CaptureError(
    `compile: the function returned ${shown}${path && ` at ${path}`}; a replay can only return tensors.\n` +
      "  wrong:  compile((x) => ({ loss: f(x), epoch: 3 }))\n" +
      "  right:  compile((x) => ({ loss: f(x) }))",
  );
}

/** The buffer itself rather than a tensor of it: a tensor would keep the variable from being updated in place. */
function variableBuffer(runtime: Runtime, variable: Variable): unknown {
  return variable.storage && storageBuffer(runtime, variable.storage, variable);
}
