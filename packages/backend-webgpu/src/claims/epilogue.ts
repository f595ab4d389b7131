/**
 * What is done to the results of a product or convolution before they are stored: bias, activation, residual sum. It is
 * written as a nest over the result seen as [matrices, rows, columns], whose accumulator is the finished sum, so that it
 * can end the pass that computes the sum or the one that adds up its pieces.
 */
import type { Instruction, LoopNest, NestEpilogue } from "@sconce/core";
import type { PassBuffer } from "../kernels/pass.ts";
import { listCode, loopsUsed, unravel } from "../nests/nest-code.ts";
import { declarations, type ShaderFunction } from "../shaders/library.ts";

/** The nest that adds up `pieces` results of `size` elements, its input 0, and finishes the sums; operands follow. */
export function finishingNest(
  epilogue: NestEpilogue | undefined,
  [rows, columns]: readonly [number, number],
  size: number,
  pieces: number,
): LoopNest {
  const strides = { element: [rows * columns, columns, 1], row: [0, 1, 0], column: [0, 0, 1] };
  const load = (input: number, steps: readonly number[]): Instruction => ({
    kind: "load",
    input,
    dtype: "float32",
    access: { kind: "affine", offset: 0, strides: steps },
  });
  const { operands, instructions, value } = epilogue ?? {
    operands: [],
    instructions: [load(0, [])],
    value: 0,
  };
  return {
    shape: [size / (rows * columns), rows, columns],
    reduce: { extent: [pieces], accumulators: [{ value: 0, combine: "sum", dtype: "float32" }] },
    inputs: ["float32", ...operands.map(() => "float32" as const)],
    body: [load(0, [...strides.element, size])],
    epilogue: instructions.map((instruction): Instruction => {
      if (instruction.kind !== "load") return instruction;
      const { input } = instruction;
      return input === 0 ? { kind: "accumulator", index: 0 } : load(input, strides[operands[input - 1]]);
    }),
    stores: [{ value, dtype: "float32" }],
  };
}

/** The operands of an epilogue: inputs of the kernel after the first two. */
export function operandBuffers(epilogue: NestEpilogue | undefined): readonly PassBuffer[] {
  return (epilogue?.operands ?? []).map((_, i) => ({ kind: "input", index: 2 + i }));
}

/** A function `finished(sum, at)` for the end of a pass, and the operands that it reads, from binding 2 on. */
export function finishingFunction(nest: LoopNest): string {
  const used = new Set<ShaderFunction>();
  const use = (needed: ShaderFunction): string => {
    used.add(needed);
    return needed.name;
  };
  const [{ value }] = nest.stores;
  const code = listCode(nest, nest.epilogue, { use, prefix: "e", roots: [value] });
  const body = [
    ...unravel("at", nest.shape, 0, loopsUsed(nest, nest.epilogue, [value])),
    ...code.statements,
    `return ${code.value(value)};`,
  ];
  const operands = nest.inputs.slice(1).flatMap((_, i) => [
    `@group(0) @binding(${2 + i}) var<storage, read> operand${i}: array<f32>;`,
    // Input 0 of the nest is the sum, and operands follow it.
    `fn x${1 + i}_at(at: u32) -> f32 { return operand${i}[at]; }`,
  ]);
  const finished = `fn finished(total0: f32, at: u32) -> f32 {\n  ${body.join("\n  ")}\n}`;
  return [declarations(used), operands.join("\n"), finished].filter((part) => part !== "").join("\n\n");
}
