/**
 * Evaluation outside `compile`: computes the pending graph of some tensors, together with every assignment that waits,
 * in one program that the next graph of the same structure reuses.
 */

import { byteLengthOf } from "../compiler/compile.ts";
import { capture, reachable } from "../compiler/graph.ts";
import { isFloat } from "../dtype.ts";
import { BackendError, CaptureError, SconceError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import { assignedVariables, pendingOwner, type Variable } from "../variable.ts";
import { activeAnomalyCheck } from "./anomaly.ts";
import { attempt, chain, type MaybePromise } from "./maybe-promise.ts";
import { currentRuntime } from "./registry.ts";
import type { Runtime } from "./runtime.ts";
import { Storage } from "./storage.ts";
import { currentTrace } from "./trace.ts";

/** Makes the values of `tensors` known. */
export function evaluate(tensors: readonly Tensor[]): MaybePromise<void> {
  refuseInTrace(tensors[0]);
  return chain(runtimeFor(tensors), (runtime) =>
    runtime.enqueue(() => chain(runtime.throttle(), () => evaluateOn(runtime, tensors))),
  );
}

/** @internal Evaluates now, inside the runtime's queue. */
export function evaluateOn(runtime: Runtime, tensors: readonly Tensor[]): MaybePromise<void> {
  const roots = new Set(tensors.filter((tensor) => !tensor.source));
  for (const variable of assignedVariables()) {
    const value = variable.current();
    const home = homeOf([value]);
    // What was assigned on another backend waits for an evaluation there.
    if (home !== undefined && home !== runtime) continue;
    if (value.source?.kind === "host") variable.adopt(upload(runtime, value), value);
    else roots.add(value);
  }
  if (roots.size === 0) return undefined;
  const check = activeAnomalyCheck();
  if (check) {
    for (const tensor of reachable([...roots])) if (!tensor.source && !tensor.op.traits?.constant) roots.add(tensor);
  }
  for (const tensor of reachable([...roots])) if (pendingOwner(tensor)) roots.add(tensor);
  const outputs = [...roots].sort((a, b) => a.id - b.id);
  const graph = capture(outputs);
  return chain(runtime.program(graph), (executable) => {
    const sources = graph.sources.map((source) => sourceBuffer(runtime, source));
    const results: Storage[] = [];
    const start = (): MaybePromise<void> => {
      for (const output of outputs) results.push(newStorage(runtime, output));
      const buffers = results.map((result) => result.buffer);
      return executable.run(sources, buffers);
    };
    const succeed = (): MaybePromise<void> => {
      runtime.submitted();
      outputs.forEach((output, i) => {
        settle(output, results[i]);
      });
      return check?.(outputs);
    };
    const fail = (error: unknown): never => {
      for (const result of results) result.release();
      throw error;
    };
    return attempt(start, succeed, fail);
  });
}

/** Gives a computed tensor its value, and its variable the buffer. */
function settle(output: Tensor, storage: Storage): void {
  const owner = pendingOwner(output);
  // What was known before keeps its history, and its variable gets a copy.
  if (!output.source) {
    output.source = { kind: "stored", storage };
    // A variable's value starts anew: the graph that made it is let go.
    if (owner || !isFloat(output.dtype)) output.inputs = [];
  }
  owner?.adopt(storage, output);
}

/** A fresh buffer for the value of `tensor`. */
export function newStorage(runtime: Runtime, tensor: Pick<Tensor, "shape" | "dtype">): Storage {
  const byteLength = byteLengthOf(tensor);
  return new Storage(runtime, runtime.memory.allocate(byteLength), byteLength);
}

/** The buffer of a tensor whose value is known; host data is uploaded and stays there. */
export function sourceBuffer(runtime: Runtime, tensor: Tensor): unknown {
  const { source } = tensor;
  if (source?.kind === "host") {
    const storage = upload(runtime, tensor);
    tensor.source = { kind: "stored", storage };
    return storage.buffer;
  }
  if (source?.kind !== "stored") throw escaped(tensor);
  return storageBuffer(runtime, source.storage, tensor);
}

/** The buffer of a storage, which must be alive and on this backend; `holder` is named if it is not. */
export function storageBuffer(runtime: Runtime, storage: Storage, holder: Tensor | Variable): unknown {
  if (storage.released) {
    throw new SconceError(
      `${holder} was disposed and is used again.\n  wrong:  const r = await step(x); r.dispose(); await r.item();\n` +
        "  right:  const r = await step(x); const value = await r.item(); r.dispose();",
    );
  }
  if (storage.runtime !== runtime) {
    throw new BackendError(
      `${holder} lives on backend ${storage.runtime.backend.name}, but the work runs on ${runtime.backend.name}. ` +
        "Move it first: x = await x.to(backend), or variable.assign(await variable.value.to(backend)).",
    );
  }
  return storage.buffer;
}

function upload(runtime: Runtime, tensor: Tensor): Storage {
  const { source } = tensor;
  if (source?.kind !== "host") throw escaped(tensor);
  const storage = newStorage(runtime, tensor);
  if (source.array.data.length > 0) runtime.backend.write(storage.buffer, source.array.data);
  return storage;
}

function escaped(tensor: Tensor): CaptureError {
  return new CaptureError(
    `${tensor} is a placeholder of a function under compile and has no value outside it.\n` +
      "  wrong:  let h; const step = compile((x) => { h = x.mul(2); return h.sum(); }); await step(x); await h.data();\n" +
      "  right:  const step = compile((x) => { const h = x.mul(2); return { h, sum: h.sum() }; }); const { h } = await step(x);",
  );
}

function refuseInTrace(tensor: Tensor | undefined): void {
  if (!currentTrace()) return;
  throw new CaptureError(
    `${tensor ?? "a value"} is read inside a function under compile, where nothing has a value yet.\n` +
      "  wrong:  const step = compile((x) => { const loss = f(x); if (loss.itemSync() > 1) ...; return loss; });\n" +
      "  right:  const loss = await step(x); if ((await loss.item()) > 1) ...;   // or where(loss.greater(1), a, b) inside",
  );
}

/** The runtime that holds the values these tensors start from; else the one in use. */
export function runtimeFor(tensors: readonly Tensor[]): MaybePromise<Runtime> {
  return homeOf(tensors) ?? currentRuntime();
}

/** The runtime of the first stored value that these tensors start from. */
function homeOf(tensors: readonly Tensor[]): Runtime | undefined {
  for (const tensor of reachable(tensors)) {
    if (tensor.source?.kind === "stored") return tensor.source.storage.runtime;
    if (tensor.source?.kind === "input" || tensor.source?.kind === "variable") throw escaped(tensor);
  }
  return undefined;
}
