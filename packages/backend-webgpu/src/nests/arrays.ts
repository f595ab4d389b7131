/** The storage bindings of a nest's shader, and a function `x0_at(index)` for each input that is read element by element. */
import type { DType } from "@sconce/core";
import type { Sharing } from "../kernels/pass.ts";
import { element, elementsPerWord, type Use, valueType, wordType } from "./values.ts";

export interface ArrayOptions {
  readonly inputs: readonly DType[];
  readonly outputs: readonly DType[];
  readonly sharing: Sharing;
  /** Inputs and outputs that are bound as vectors of four elements. */
  readonly vectorInputs: ReadonlySet<number>;
  readonly vectorOutputs: boolean;
  readonly use: Use;
}

/** Declarations of bindings and accessors. */
export function arrays({ inputs, outputs, sharing, vectorInputs, vectorOutputs, use }: ArrayOptions): string {
  const bound = (binding: number, access: string, name: string, type: string): string =>
    `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${type}>;`;
  const isVectorOutput = (dtype: DType): boolean => vectorOutputs && elementsPerWord(dtype) === 1;
  const lines: string[] = [];
  inputs.forEach((dtype, i) => {
    if (sharing.has(i)) return;
    const type = wordType(dtype);
    lines.push(bound(i, "read", `x${i}`, vectorInputs.has(i) ? `vec4<${type}>` : type));
  });
  outputs.forEach((dtype, j) => {
    const type = wordType(dtype);
    lines.push(bound(inputs.length + j, "read_write", `y${j}`, isVectorOutput(dtype) ? `vec4<${type}>` : type));
  });
  inputs.forEach((dtype, i) => {
    const output = sharing.get(i);
    const isVector = output === undefined ? vectorInputs.has(i) : isVectorOutput(outputs[output]);
    const name = output === undefined ? `x${i}` : `y${output}`;
    const word = (index: string): string => {
      const plain = isVector ? `${name}[(${index}) >> 2u][(${index}) & 3u]` : `${name}[${index}]`;
      const same = output === undefined || wordType(outputs[output]) === wordType(dtype);
      return same ? plain : `bitcast<${wordType(dtype)}>(${plain})`;
    };
    lines.push(`fn x${i}_at(at: u32) -> ${valueType(dtype)} { return ${element(word, dtype, "at", use)}; }`);
  });
  return lines.join("\n");
}

/** Four elements of an input that is bound as vectors, from the quad of that number. */
export function fourElements(input: number, { inputs, outputs, sharing }: ArrayOptions): string {
  const output = sharing.get(input);
  if (output === undefined) return `x${input}[quad]`;
  const same = wordType(outputs[output]) === wordType(inputs[input]);
  return same ? `y${output}[quad]` : `bitcast<vec4<${wordType(inputs[input])}>>(y${output}[quad])`;
}
