/** Runs assembled code: one function over a memory of one page. */
import type { ValueType } from "../../src/assembler/encoding.ts";
import type { FunctionBuilder } from "../../src/assembler/function-builder.ts";
import { ModuleBuilder } from "../../src/assembler/module-builder.ts";
import { hasRelaxedSimd } from "../../src/machine/features.ts";

const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
export const bytes: DataView = new DataView(memory.buffer);

export type Host = Readonly<Record<string, (...values: number[]) => number>>;

/** The exported function that `build` writes. */
export function assemble(
  parameters: readonly ValueType[],
  result: ValueType | undefined,
  build: (f: FunctionBuilder, module: ModuleBuilder) => void,
  host: Host = {},
): (...values: (number | bigint)[]) => number {
  const module = new ModuleBuilder({ shared: false, maximum: 1 }, hasRelaxedSimd());
  module.export(
    "run",
    module.function(parameters, result, (f) => build(f, module)),
  );
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { host: { ...host, memory } });
  return instance.exports.run as (...values: (number | bigint)[]) => number;
}
