/** Work that finishes at once on synchronous backends and later on others, written once. */

export type MaybePromise<Value> = Value | Promise<Value>;

/** `next(value)`, at once when the value is there. */
export function chain<Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** All values, at once when all are there. */
export function all<Value>(values: readonly MaybePromise<Value>[]): MaybePromise<Value[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as Value[]);
}
