/**
 * Loop nests run instruction by instruction, for places where a content-security policy forbids making code.
 * Slow, and the plainest statement of what a loop nest means.
 */
import type { Instruction, LoopNest } from "@sconce/core";
import { applyScalar, floatToHalf, halfToFloat, instructionDType, isFloat, neutralElement, sizeOf } from "@sconce/core";
import type { CpuBuffer } from "../buffer.ts";
import { viewBuffer } from "../buffer.ts";

/** A function that runs `nest` on buffers. */
export function interpret(nest: LoopNest): (inputs: readonly CpuBuffer[], outputs: readonly CpuBuffer[]) => void {
  const outer = nest.shape.length;
  const outputs = sizeOf(nest.shape);
  const inner = nest.reduce ? sizeOf(nest.reduce.extent) : 1;
  return (inputBuffers, outputBuffers) => {
    const inputs = inputBuffers.map((buffer, i) => viewBuffer(buffer, nest.inputs[i]));
    const targets = outputBuffers.map((buffer, i) => viewBuffer(buffer, nest.stores[i].dtype));
    const position = new Array<number>(outer + (nest.reduce?.extent.length ?? 0)).fill(0);
    for (let at = 0; at < outputs; at++) {
      unravel(at, nest.shape, position, 0);
      let values: number[] = [];
      if (nest.reduce) {
        const totals = nest.reduce.accumulators.map(({ combine, dtype }) => neutralElement(combine, dtype));
        for (let step = 0; step < inner; step++) {
          unravel(step, nest.reduce.extent, position, outer);
          const terms = run(nest, nest.body, inputs, position, []);
          nest.reduce.accumulators.forEach(({ value, combine, dtype }, i) => {
            const operator = ({ sum: "add", product: "multiply", max: "maximum", min: "minimum" } as const)[combine];
            // Float totals are kept in double precision, as the generated code keeps them.
            totals[i] = applyScalar(operator, [totals[i], terms[value]], dtype, isFloat(dtype) ? "float64" : dtype);
          });
        }
        values = run(nest, nest.epilogue, inputs, position, totals);
      } else values = run(nest, nest.body, inputs, position, []);
      nest.stores.forEach(({ value, dtype }, i) => {
        targets[i][at] = dtype === "float16" ? floatToHalf(values[value]) : values[value];
      });
    }
  };
}

function unravel(flat: number, shape: readonly number[], position: number[], first: number): void {
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position[first + axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
}

function run(
  nest: LoopNest,
  list: readonly Instruction[],
  inputs: readonly ArrayLike<number>[],
  position: readonly number[],
  totals: readonly number[],
): number[] {
  const values: number[] = [];
  for (const instruction of list) values.push(evaluate(nest, list, instruction, values, inputs, position, totals));
  return values;
}

function evaluate(
  nest: LoopNest,
  list: readonly Instruction[],
  instruction: Instruction,
  values: readonly number[],
  inputs: readonly ArrayLike<number>[],
  position: readonly number[],
  totals: readonly number[],
): number {
  switch (instruction.kind) {
    case "constant":
      return instruction.value;
    case "index":
      return position[instruction.axis];
    case "accumulator":
      return totals[instruction.index];
    case "load": {
      const { access, guard, dtype } = instruction;
      if (guard !== undefined && !values[guard]) return 0;
      const at =
        access.kind === "computed"
          ? values[access.index]
          : access.strides.reduce((sum, stride, loop) => sum + stride * position[loop], access.offset);
      const element = inputs[instruction.input][at];
      return dtype === "float16" ? halfToFloat(element) : element;
    }
    case "apply": {
      const operands = instruction.operands.map((operand) => values[operand]);
      const from = instructionDType(nest, list[instruction.operands[instruction.operands.length - 1]]);
      const wide = instruction.dtype === "float32" && instruction.operator !== "cast" ? "float64" : instruction.dtype;
      return applyScalar(instruction.operator, operands, from, wide);
    }
  }
}
