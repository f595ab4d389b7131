/** Training or inference: what layers such as dropout and batch normalisation ask for. Inference is the default. */
import { CaptureError } from "./errors.ts";

let trainingMode = false;

/** Promises of compiled functions: they read the mode when they are called, not when they settle. */
const decided = new WeakSet<Promise<unknown>>();

/** @internal Marks a promise whose work has already taken the mode into account. */
export function markDecided<Result>(promise: Promise<Result>): Promise<Result> {
  decided.add(promise);
  return promise;
}

/** Runs `fn` in training mode and returns what it returns. `fn` must be synchronous. */
export function training<Result>(fn: () => Result): Result {
  return inMode(true, fn);
}

/** Runs `fn` in inference mode, inside a training step for instance. `fn` must be synchronous. */
export function inference<Result>(fn: () => Result): Result {
  return inMode(false, fn);
}

/** Whether the code runs inside `training`. */
export function isTraining(): boolean {
  return trainingMode;
}

function inMode<Result>(mode: boolean, fn: () => Result): Result {
  const before = trainingMode;
  trainingMode = mode;
  let result: Result;
  try {
    result = fn();
  } finally {
    trainingMode = before;
  }
  if (result instanceof Promise && !decided.has(result)) {
    result.catch(() => {});
    throw new CaptureError(
      `${mode ? "training" : "inference"}: the function is asynchronous, so the mode would end at its first await.\n` +
        "  wrong:  training(async () => { const loss = ...; await loss.item(); })\n" +
        "  right:  const loss = training(() => ...); await loss.item();",
    );
  }
  return result;
}
