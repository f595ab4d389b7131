/** What this engine's WebAssembly can do, asked with modules of one function. */
import { BackendError } from "@sconce/core";
import { ModuleBuilder } from "../assembler/module-builder.ts";
import { f32x4, type V128 } from "../assembler/simd.ts";

function probe(relaxed: boolean, result: (x: V128) => V128): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ shared: false, maximum: 1 }, relaxed);
  const f = module.function(["v128"], "v128", (f) => f.return(result(f.parameter(0, "v128"))));
  module.export("f", f);
  return module.encode();
}

/** Throws where WebAssembly, its SIMD of 128 bits, or making modules at run time is missing. */
export function requireSimd(): void {
  if (typeof WebAssembly !== "object")
    throw new BackendError("wasm: there is no WebAssembly here; use the cpu backend.");
  const bytes = probe(false, (x) => f32x4.add(x, x));
  if (!WebAssembly.validate(bytes)) {
    throw new BackendError(
      "wasm: this engine's WebAssembly has no SIMD, which every current one has; update it, or use the cpu backend.",
    );
  }
  try {
    new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new BackendError(
      `wasm: the page may not compile WebAssembly; let its content security policy say script-src 'wasm-unsafe-eval'. (${(cause as Error).message})`,
      { cause },
    );
  }
}

/** Relaxed SIMD: fused multiply-add. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(probe(true, (x) => f32x4.relaxed_madd(x, x, x)));
}
