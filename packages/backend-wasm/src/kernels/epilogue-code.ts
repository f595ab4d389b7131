/**
 * The code of a nest's epilogue. Cheap ones are written out at every store; one with functions in it, whose code is
 * long, becomes a function that is called for each four results.
 */
import { type Instruction, type NestEpilogue, scalarOperators } from "@sconce/core";
import type { FunctionBuilder, FunctionReference, Local } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { V128 } from "../assembler/simd.ts";
import { InstructionList, type Values } from "../nests/instructions.ts";
import type { Epilogue } from "./epilogue.ts";

/** Additions' worth of work from which on a call costs little beside it. */
const worthCalling = 20;

export function epilogueCode({ operands, instructions, value }: NestEpilogue, relaxed: boolean): Epilogue {
  const list = new InstructionList(instructions, [], [value], relaxed);
  const inline = (module: ModuleBuilder, f: FunctionBuilder, given: readonly V128[]): V128 => {
    const values: Values = [];
    const sources = {
      load: (instruction: Instruction & { readonly kind: "load" }): V128 => given[instruction.input],
      index: missing,
      accumulator: missing,
    };
    list.emit({ module, f, count: 4 }, 0, sources, values);
    // The caller stores the result at once, before anything takes these variables.
    f.release(
      ...values.filter(
        (lanes): lanes is Local<"v128"> => lanes !== undefined && "local" in lanes && !given.includes(lanes),
      ),
    );
    return values[value] as V128;
  };
  const functions = new WeakMap<ModuleBuilder, FunctionReference<"v128">>();
  const functionIn = (module: ModuleBuilder): FunctionReference<"v128"> => {
    let made = functions.get(module);
    if (!made) {
      const types = [undefined, ...operands].map(() => "v128" as const);
      made = module.function(types, "v128", (f) => {
        f.return(
          inline(
            module,
            f,
            types.map((type, i) => f.parameter(i, type)),
          ),
        );
      });
      functions.set(module, made);
    }
    return made;
  };
  const dear = workOf(instructions) >= worthCalling;
  return {
    operands,
    emit: (module, f, result, given) =>
      dear ? f.call(functionIn(module), result, ...given) : inline(module, f, [result, ...given]),
  };
}

function workOf(instructions: readonly Instruction[]): number {
  return instructions.reduce(
    (sum, instruction) => sum + (instruction.kind === "apply" ? scalarOperators[instruction.operator].cost : 0),
    0,
  );
}

function missing(): never {
  throw new Error("wasm: an epilogue has neither loops nor accumulators.");
}
