/** A loop nest as the numbers that addon/nest/decode.cc reads. */
import {
  type DType,
  dtypes,
  type Instruction,
  type LoopNest,
  type ScalarOperator,
  scalarOperators,
} from "@sconce/core";

const operatorNumbers = new Map(Object.keys(scalarOperators).map((name, i) => [name, i]));
const combines = ["sum", "max", "min", "product"];
const kinds = ["constant", "index", "accumulator", "load", "apply"];

/** The nest, number by number. */
export function encodeNest(nest: LoopNest): Float64Array {
  const numbers: number[] = [];
  const dtype = (name: DType): number => dtypes.indexOf(name);
  const list = (items: readonly number[]): void => {
    numbers.push(items.length, ...items);
  };
  const instructions = (items: readonly Instruction[]): void => {
    numbers.push(items.length);
    for (const instruction of items) {
      numbers.push(kinds.indexOf(instruction.kind));
      if (instruction.kind === "constant") numbers.push(dtype(instruction.dtype), instruction.value);
      else if (instruction.kind === "index") numbers.push(instruction.axis);
      else if (instruction.kind === "accumulator") numbers.push(instruction.index);
      else if (instruction.kind === "apply") {
        numbers.push(dtype(instruction.dtype), operatorNumber(instruction.operator), ...instruction.operands);
      } else {
        const { access, guard } = instruction;
        numbers.push(dtype(instruction.dtype), instruction.input);
        if (guard === undefined) numbers.push(0);
        else numbers.push(1, guard);
        if (access.kind === "computed") numbers.push(1, access.index);
        else {
          numbers.push(0, access.offset);
          list(access.strides);
        }
      }
    }
  };
  list(nest.shape);
  if (nest.reduce) {
    numbers.push(1);
    list(nest.reduce.extent);
    numbers.push(nest.reduce.accumulators.length);
    for (const { value, combine, dtype: type } of nest.reduce.accumulators) {
      numbers.push(value, combines.indexOf(combine), dtype(type));
    }
  } else numbers.push(0);
  list(nest.inputs.map(dtype));
  instructions(nest.body);
  instructions(nest.epilogue);
  numbers.push(nest.stores.length);
  for (const { value, dtype: type } of nest.stores) numbers.push(value, dtype(type));
  return Float64Array.from(numbers);
}

function operatorNumber(operator: ScalarOperator): number {
  return operatorNumbers.get(operator) ?? -1;
}
