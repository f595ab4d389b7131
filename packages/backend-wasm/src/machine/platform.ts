/** Node or a page: told apart by what is needed of either. */

/** A module of Node's own; undefined elsewhere, and before Node 20.16. Nothing that a bundler would want to resolve. */
export function nodeModule<Module>(name: string): Module | undefined {
  return typeof process === "object" && typeof process.getBuiltinModule === "function"
    ? (process.getBuiltinModule(`node:${name}`) as Module | undefined)
    : undefined;
}
