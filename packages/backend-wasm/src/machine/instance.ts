/** A linked module made runnable on this thread; the calling thread and the workers do it the same way. */

/** The `host` imports of a module: its memory, `mayWait()`, and the host functions that its kernels call. */
export type HostImports = Record<string, WebAssembly.ImportValue>;

/** The module's `run(thread)`. */
export type Entry = (thread: number) => void;

/** Compiles a module for this thread. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, host: HostImports): Entry {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { host }).exports.run as Entry;
}

/** Imports for a worker: kernels that call the host run on the calling thread alone, so any function will do here. */
export function withoutHostFunctions(imports: HostImports): HostImports {
  return new Proxy(imports, { get: (target, name) => target[name as string] ?? (() => 0) });
}
