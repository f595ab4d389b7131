/** A linked module made runnable on this thread; the calling thread and the workers do it the same way. */

/** The `host` imports of a module: its memory, `mayWait(thread)`, and the host functions that its kernels call. */
export type HostImports = Record<string, WebAssembly.ImportValue>;

/** The module's `run(thread)`. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, host: HostImports): (thread: number) => void {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host });
  return instance.exports.run as (thread: number) => void;
}

/** Imports for a worker: kernels that call the host run on the calling thread alone, so any function will do here. */
export function withoutHostFunctions(imports: HostImports): HostImports {
  return new Proxy(imports, { get: (target, name) => target[name as string] ?? (() => 0) });
}
