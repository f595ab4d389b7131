/** Small loop nests that several checks need. */
import type { DType, Instruction, LoopNest } from "@sconce/core";

/** A load of element i, in a nest with one loop. */
export function loadAt(input: number, dtype: DType): Instruction {
  return { kind: "load", input, dtype, access: { kind: "affine", offset: 0, strides: [1] } };
}

/** y[i] = x[i] + amount. */
export function addNest(size: number, amount: number, dtype: DType = "float32"): LoopNest {
  return {
    shape: [size],
    inputs: [dtype],
    body: [
      loadAt(0, dtype),
      { kind: "constant", dtype, value: amount },
      { kind: "apply", operator: "add", dtype, operands: [0, 1] },
    ],
    epilogue: [],
    stores: [{ value: 2, dtype }],
  };
}

/** y_j[i] = (x_0[i] + ... + x_n[i]) + j, with as many inputs and outputs as asked for. */
export function wideNest(size: number, inputs: number, outputs: number): LoopNest {
  const dtype = "float32";
  const body: Instruction[] = [];
  const push = (instruction: Instruction): number => body.push(instruction) - 1;
  const add = (a: number, b: number): number => push({ kind: "apply", operator: "add", dtype, operands: [a, b] });
  let sum = push({ kind: "constant", dtype, value: 0 });
  for (let input = 0; input < inputs; input++) sum = add(sum, push(loadAt(input, dtype)));
  const stores = Array.from({ length: outputs }, (_, j) => {
    return { value: add(sum, push({ kind: "constant", dtype, value: j })), dtype } as const;
  });
  return { shape: [size], inputs: new Array<DType>(inputs).fill(dtype), body, epilogue: [], stores };
}
