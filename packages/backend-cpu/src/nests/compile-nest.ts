/** A kernel for a loop nest: generated code where that is allowed, the interpreter elsewhere. */
import type { DType, Kernel, LoopNest, TypedArray } from "@sconce/core";
import { erfOf, floatToHalf, halfToFloat, roundHalfEven, roundTo, scalarOperators } from "@sconce/core";
import { type CpuBuffer, viewBuffer } from "../buffer.ts";
import { generateSource } from "./generate.ts";
import { interpret } from "./interpret.ts";

const helpers = {
  erf: erfOf,
  floatToHalf,
  halfToFloat,
  roundHalfEven,
  roundToHalf: (x: number): number => roundTo(x, "float16"),
  power: (a: number, b: number): number => scalarOperators.power.evaluate(a, b, 0, "float64"),
  remainder: (a: number, b: number): number => scalarOperators.remainder.evaluate(a, b, 0, "float64"),
};

type Generated = (inputs: readonly TypedArray[], outputs: readonly TypedArray[], h: typeof helpers) => void;

/** Whether this page or process may make functions from source. */
export function codeGenerationAllowed(): boolean {
  try {
    return new Function("return true")() === true;
  } catch {
    return false;
  }
}

/** Compiles a nest by generating JavaScript, or, with `generate` false, for interpretation. */
export function compileNest(nest: LoopNest, generate: boolean): Kernel<CpuBuffer> {
  if (!generate) return { run: interpret(nest) };
  const run = new Function("inputs", "outputs", "h", generateSource(nest)) as Generated;
  const storeTypes = nest.stores.map((store): DType => store.dtype);
  return {
    run: (inputs, outputs) => {
      run(
        inputs.map((buffer, i) => viewBuffer(buffer, nest.inputs[i])),
        outputs.map((buffer, i) => viewBuffer(buffer, storeTypes[i])),
        helpers,
      );
    },
  };
}
