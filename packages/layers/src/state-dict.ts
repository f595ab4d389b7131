/** Values of variables by name: reading them all, and setting them all or none. */
import {
  ArgumentError,
  CaptureError,
  cast,
  type DType,
  evaluateAll,
  formatShape,
  type HostArray,
  isFloat,
  isTracing,
  readHost,
  sameShape,
  Tensor,
  tensor,
  type Variable,
} from "@sconce/core";

export interface LoadOptions {
  /** Whether missing and unexpected names are errors; true by default. */
  readonly strict?: boolean;
}

/** Names that a load that was not strict passed over. */
export interface LoadReport {
  /** Variables that were given no value and keep theirs. */
  readonly missing: readonly string[];
  /** Values that no variable has the name of. */
  readonly unexpected: readonly string[];
}

/** The present values of `variables`: later assignments do not change what is read. */
export async function readState(variables: ReadonlyMap<string, Variable>): Promise<Record<string, HostArray>> {
  // Tensors are immutable, so taking them all before the first await makes one consistent picture.
  const values = [...variables].map(([name, variable]) => [name, variable.value] as const);
  await evaluateAll(...values.map(([, value]) => value));
  const record: Record<string, HostArray> = {};
  for (const [name, value] of values) record[name] = await readHost(value);
  return record;
}

/**
 * Assigns `values` to the variables of the same names, after checking all of them. A variable with several names needs
 * a value under one. Floats are converted to the variable's float type, integers to its integer type.
 */
export function writeState(
  call: string,
  variables: ReadonlyMap<string, Variable>,
  values: Readonly<Record<string, Tensor | HostArray>>,
  { strict = true }: LoadOptions = {},
): LoadReport {
  if (isTracing()) {
    throw new CaptureError(
      `${call}: called inside a function under compile, so every replay would load the same values again.\n` +
        `  wrong:  compile((x) => { model.${call}(values); return model.forward(x); })\n` +
        `  right:  model.${call}(values); const predict = compile((x) => model.forward(x));`,
    );
  }
  const given = new Set([...variables].flatMap(([name, variable]) => (Object.hasOwn(values, name) ? [variable] : [])));
  const missing = [...variables].flatMap(([name, variable]) => (given.has(variable) ? [] : [name]));
  const unexpected = Object.keys(values).filter((name) => !variables.has(name));
  const problems = strict ? [...list("missing", missing), ...list("unexpected", unexpected)] : [];
  const assignments: [Variable, Tensor | HostArray][] = [];
  for (const [name, value] of Object.entries(values)) {
    const variable = variables.get(name);
    if (!variable) continue;
    const problem = mismatch(variable, value);
    if (problem) problems.push(`${name}: ${problem}`);
    assignments.push([variable, value]);
  }
  if (problems.length > 0) {
    throw new ArgumentError(
      `${call}: the values do not fit; nothing was changed.\n  ${problems.join("\n  ")}\n` +
        "Give a value of the right shape for every name; { strict: false } passes over missing and unexpected names.",
    );
  }
  for (const [variable, value] of assignments) variable.assign(cast(toTensor(value), variable.dtype));
  return { missing, unexpected };
}

function mismatch(variable: Variable, value: Tensor | HostArray): string | undefined {
  if (!sameShape(value.shape, variable.shape)) {
    return `shape ${formatShape(value.shape)} was given, ${formatShape(variable.shape)} is needed`;
  }
  return kindOf(value.dtype) === kindOf(variable.dtype)
    ? undefined
    : `${value.dtype} was given, ${variable.dtype} is needed`;
}

function kindOf(dtype: DType): string {
  return isFloat(dtype) ? "float" : dtype === "bool" ? "bool" : "integer";
}

function toTensor(value: Tensor | HostArray): Tensor {
  return value instanceof Tensor ? value : tensor(value.data, { shape: value.shape, dtype: value.dtype });
}

/** One line with the first names of a kind. */
function list(kind: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > 12 ? `, and ${names.length - 12} more` : "";
  return [`${kind}: ${names.slice(0, 12).join(", ")}${more}`];
}
