/** Runs the vector code of a function over arrays, in a module of its own. */
import type { ScalarOperator } from "@sconce/core";
import { ModuleBuilder } from "../../src/assembler/module-builder.ts";
import { v128 } from "../../src/assembler/simd.ts";
import { float32Function } from "../../src/math/functions.ts";

export const capacity: number = 2 ** 16;

/** A function of arrays of `capacity` elements; the result is overwritten by the next call. */
export function runner(
  operator: ScalarOperator,
  relaxed: boolean,
): (x: Float32Array, y?: Float32Array) => Float32Array {
  const bytes = 4 * capacity;
  const module = new ModuleBuilder({ shared: false, maximum: 16 }, relaxed);
  const emit = float32Function(operator);
  if (!emit) throw new Error(operator);
  const run = module.function([], undefined, (f) => {
    f.range(0, bytes, 16, (i) => {
      const result = emit(module, f, v128.load(i), v128.load(i, bytes));
      f.emit(v128.store(i, result, 2 * bytes));
      f.release(result);
    });
    f.return();
  });
  module.export("run", run);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { host: { memory } });
  const at = (position: number): Float32Array => new Float32Array(memory.buffer, position * bytes, capacity);
  return (x, y = x) => {
    at(0).set(x);
    at(1).set(y);
    (exports.run as () => void)();
    return at(2);
  };
}
