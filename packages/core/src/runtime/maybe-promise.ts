/** Work that finishes at once on synchronous backends and later on others, written once. */

export type MaybePromise<Value> = Value | Promise<Value>;

/** `next(value)`, at once when the value is there. */
export function chain<Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** `next` of what `start` gives, or `fail` of what it throws, at once when it is there. */
export function attempt<Value, Result>(
  start: () => MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
  fail: (error: unknown) => never,
): MaybePromise<Result> {
  let value: MaybePromise<Value>;
  try {
    value = start();
  } catch (error) {
    return fail(error);
  }
  return value instanceof Promise ? value.then(next, fail) : next(value);
}

/** All values, at once when all are there. */
export function all<Value>(values: readonly MaybePromise<Value>[]): MaybePromise<Value[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as Value[]);
}
