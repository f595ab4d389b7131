/** Which backends there are, which one is used, and why another one is not. */
import type { Backend } from "../backend/backend.ts";
import { BackendError } from "../errors.ts";
import { chain, type MaybePromise } from "./maybe-promise.ts";
import { type Runtime, runtimeOf } from "./runtime.ts";

interface Registered {
  readonly open: () => Promise<Backend>;
  opened?: Promise<Backend>;
  /** Why it did not open. */
  failure?: string;
}

/** Fastest first; names that are not here come before cpu in the order they were registered. */
const preference = ["webgpu", "native", "wasm"];
const lastResort = "cpu";

const registered = new Map<string, Registered>();
let defaultBackend: Backend | undefined;
let scoped: Backend | undefined;

/** Makes a backend known under `name`; it is opened on first use. */
export function registerBackend<Buffer>(name: string, open: () => Promise<Backend<Buffer>>): void {
  registered.set(name, { open: open as unknown as () => Promise<Backend> });
}

/** Opens a registered backend, once; without a name, the fastest that opens. */
export async function openBackend(name?: string): Promise<Backend> {
  if (name === undefined) return defaultBackend ?? openDefault();
  const entry = registered.get(name);
  if (!entry) {
    throw new BackendError(
      `openBackend: no backend named "${name}" is registered (${[...registered.keys()].join(", ") || "none is"}). ` +
        `Import its register entry first: import "@sconce/backend-${name}/register".`,
    );
  }
  entry.opened ??= entry.open();
  try {
    const backend = await entry.opened;
    void backend.lost?.then(() => forget(entry, backend));
    return backend;
  } catch (error) {
    entry.opened = undefined;
    entry.failure = error instanceof Error ? error.message : String(error);
    throw new BackendError(`openBackend: backend "${name}" did not open: ${entry.failure}`, { cause: error });
  }
}

/** The next to ask opens a new one. */
async function forget(entry: Registered, backend: Backend): Promise<void> {
  if (defaultBackend === backend) defaultBackend = undefined;
  if ((await entry.opened) === backend) entry.opened = undefined;
}

async function openDefault(): Promise<Backend> {
  const rank = (name: string): number =>
    name === lastResort ? 99 : preference.indexOf(name) >= 0 ? preference.indexOf(name) : 50;
  const names = [...registered.keys()].sort((a, b) => rank(a) - rank(b));
  const failures: string[] = [];
  for (const name of names) {
    try {
      defaultBackend = await openBackend(name);
      if (failures.length > 0) console.warn(`Sconce uses backend ${name}. ${failures.join(" ")}`);
      return defaultBackend;
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new BackendError(
    failures.length > 0
      ? failures.join(" ")
      : 'No backend is registered. Add one to the imports, for example: import "@sconce/backend-cpu/register";',
  );
}

/** Uses `backend` for everything that names no other. */
export function setDefaultBackend(backend: Backend): void {
  defaultBackend = backend;
}

/** Runs `fn` with `backend` in use; an asynchronous `fn` keeps it until its promise settles. */
export function withBackend<Result>(backend: Backend, fn: () => Result): Result {
  const before = scoped;
  scoped = backend;
  let result: Result | undefined;
  try {
    result = fn();
  } finally {
    if (!(result instanceof Promise)) scoped = before;
  }
  if (result instanceof Promise) {
    return result.finally(() => {
      scoped = before;
    }) as Result;
  }
  return result as Result;
}

/** The backend that new work would use, if one is open. */
export function currentBackend(): Backend | undefined {
  return scoped ?? defaultBackend;
}

/** @internal The runtime that new work uses; opens the default backend when needed. */
export function currentRuntime(): MaybePromise<Runtime> {
  const backend = currentBackend();
  return backend ? runtimeOf(backend) : chain(openBackend(), runtimeOf);
}

/** What is known of each registered backend. */
export interface BackendReport {
  readonly name: string;
  readonly backend?: Backend;
  /** Why it did not open. */
  readonly failure?: string;
}

/** Tries to open every registered backend and tells how each fared. */
export async function reportBackends(): Promise<readonly BackendReport[]> {
  return Promise.all(
    [...registered.keys()].map(async (name): Promise<BackendReport> => {
      try {
        return { name, backend: await openBackend(name) };
      } catch (error) {
        return { name, failure: (error as Error).message };
      }
    }),
  );
}
