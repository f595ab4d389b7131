/** Trees of tensors: what compiled functions take and return. */
import { ArgumentError } from "./errors.ts";
import { Tensor } from "./tensor.ts";

/** A tensor, or arrays and plain objects of them; other leaves that a tree may hold stay as they are. */
export type Tree = Tensor | null | undefined | boolean | string | readonly Tree[] | { readonly [key: string]: Tree };

/** A tree taken apart: its tensors in a fixed order, and a key of everything else. */
export interface Flattened {
  readonly tensors: Tensor[];
  readonly structure: string;
}

/** Takes a tree apart; `refuse` makes the error for a leaf that is no tensor and no static value. */
export function flatten(tree: unknown, refuse: (path: string, value: unknown) => Error): Flattened {
  const tensors: Tensor[] = [];
  const walk = (value: unknown, path: string): string => {
    if (value instanceof Tensor) {
      tensors.push(value);
      return "*";
    }
    if (value === null || value === undefined || typeof value === "boolean" || typeof value === "string") {
      return JSON.stringify(value) ?? "undefined";
    }
    if (Array.isArray(value)) return `[${value.map((entry, i) => walk(entry, `${path}[${i}]`)).join(",")}]`;
    if (isPlainObject(value)) {
      const parts = Object.keys(value).map((key) => `${JSON.stringify(key)}:${walk(value[key], `${path}.${key}`)}`);
      return `{${parts.join(",")}}`;
    }
    throw refuse(path, value);
  };
  return { structure: walk(tree, ""), tensors };
}

/** The tree with its tensors replaced in order. */
export function rebuild(tree: unknown, tensors: readonly Tensor[]): unknown {
  let next = 0;
  const walk = (value: unknown): unknown => {
    if (value instanceof Tensor) return tensors[next++];
    if (Array.isArray(value)) return value.map(walk);
    if (isPlainObject(value))
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, walk(entry)]));
    return value;
  };
  const result = walk(tree);
  if (next !== tensors.length)
    throw new ArgumentError(`rebuild: ${tensors.length} tensors for a tree that holds ${next}.`);
  return result;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
