/** What this engine's WebAssembly can do, asked with modules of one function. */
import { ModuleBuilder } from "../assembler/module-builder.ts";
import { f32x4, type V128 } from "../assembler/simd.ts";

function validates(relaxed: boolean, result: (x: V128) => V128): boolean {
  if (typeof WebAssembly !== "object") return false;
  const module = new ModuleBuilder({ shared: false, maximum: 1 }, relaxed);
  const f = module.function(["v128"], "v128", (f) => f.return(result(f.parameter(0, "v128"))));
  module.export("f", f);
  return WebAssembly.validate(module.encode());
}

/** SIMD of 128 bits, without which this backend does not open. */
export function hasSimd(): boolean {
  return validates(false, (x) => f32x4.add(x, x));
}

/** Relaxed SIMD: fused multiply-add. */
export function hasRelaxedSimd(): boolean {
  return validates(true, (x) => f32x4.relaxed_madd(x, x, x));
}
