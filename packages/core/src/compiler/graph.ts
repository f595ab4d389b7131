/** Walking graphs of tensors, and the keys by which equal graphs share a program. */
import type { OpDefinition } from "../op.ts";
import type { Tensor } from "../tensor.ts";

/** `roots` and everything behind them, inputs before consumers; the inputs of a tensor are followed where `enter` says so. */
export function ancestors(roots: readonly Tensor[], enter: (tensor: Tensor) => boolean): Tensor[] {
  const seen = new Set<Tensor>();
  const stack = [...roots];
  while (stack.length > 0) {
    const tensor = stack.pop() as Tensor;
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    if (enter(tensor)) stack.push(...tensor.inputs);
  }
  // An input is always created before its consumer, so creation order is a topological order.
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Every tensor whose value `roots` need; tensors that are known are not entered. */
export function reachable(roots: readonly Tensor[]): Tensor[] {
  return ancestors(roots, (tensor) => !tensor.source);
}

const opNumbers = new WeakMap<OpDefinition, number>();
let opsSeen = 0;

/** A number for an op object; two ops of the same name differ. */
export function opNumber(op: OpDefinition): number {
  let number = opNumbers.get(op);
  if (number === undefined) {
    number = opsSeen++;
    opNumbers.set(op, number);
  }
  return number;
}

const attributeKeys = new WeakMap<object, string>();

/** A string that is equal for equal attributes; tells NaN, infinities and -0 apart. */
export function attributesKey(attributes: unknown): string {
  if (typeof attributes !== "object" || attributes === null) return scalarKey(attributes);
  let key = attributeKeys.get(attributes);
  if (key === undefined) {
    key = structuralKey(attributes);
    attributeKeys.set(attributes, key);
  }
  return key;
}

function structuralKey(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(structuralKey).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    return `{${entries.map(([name, entry]) => `${name}:${structuralKey(entry)}`).join(",")}}`;
  }
  return scalarKey(value);
}

function scalarKey(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** A graph ready to compile: what is computed, and what it is computed from. */
export interface Capture {
  readonly outputs: readonly Tensor[];
  /** Tensors whose value is given at each run, in the order of the key. */
  readonly sources: readonly Tensor[];
  /** Equal for graphs that the same program computes. */
  readonly key: string;
  /** One line per tensor of the key, for finding the first difference of two captures. */
  readonly lines: readonly string[];
  readonly tensors: readonly Tensor[];
}

/** Captures the graph of `outputs`; `order` fixes the numbers of the first sources. */
export function capture(outputs: readonly Tensor[], order: readonly Tensor[] = []): Capture {
  const numbers = new Map<Tensor, number>();
  const sources: Tensor[] = [];
  const lines: string[] = [];
  const tensors: Tensor[] = [];
  const add = (tensor: Tensor): void => {
    if (numbers.has(tensor)) return;
    const signature = `${tensor.dtype}[${tensor.shape.join(",")}]`;
    const line = tensor.source
      ? `${sources.push(tensor) - 1}:source:${signature}`
      : `${opNumber(tensor.op)}:${tensor.inputs.map((input) => numbers.get(input)).join(",")}:${attributesKey(tensor.attributes)}:${signature}`;
    numbers.set(tensor, numbers.size);
    lines.push(line);
    tensors.push(tensor);
  };
  for (const tensor of order) add(tensor);
  for (const tensor of reachable(outputs)) add(tensor);
  const key = `${lines.join("\n")}\n=>${outputs.map((output) => numbers.get(output)).join(",")}`;
  return { outputs, sources, key, lines, tensors };
}
