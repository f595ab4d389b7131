/**
 * A complete backend for Sconce. It holds buffers and interprets loop nests, which is all that a backend must do:
 * every model of the zoo trains on it, slowly. Make `compile` faster and it is a backend for use.
 */
import type { Backend, LoopNest, Shape } from "@sconce/core";
import {
  applyScalar,
  decodeNumbers,
  dtypes,
  encodeNumbers,
  instructionDType,
  neutralElement,
  viewArray,
} from "@sconce/core";

type Numbers = ArrayLike<number>;

/** Opens the backend. */
export async function openTiny(): Promise<Backend<ArrayBuffer>> {
  return {
    name: "tiny",
    capabilities: {
      dtypes,
      maximumInputs: 32,
      maximumOutputs: 16,
      synchronousReads: false,
      threads: { count: 1, reason: "an interpreter is slow anyway" },
    },
    // Whole words, so that elements of any dtype fit without a rest.
    allocate: (byteLength) => new ArrayBuffer(8 * Math.ceil(byteLength / 8)),
    release: () => {},
    write: (buffer, { buffer: source, byteOffset, byteLength }) => {
      new Uint8Array(buffer).set(new Uint8Array(source, byteOffset, byteLength));
    },
    read: async (buffer, byteLength) => buffer.slice(0, byteLength),
    compile: (nest) => ({ run: (inputs, outputs) => interpret(nest, inputs, outputs) }),
  };
}

/** For every output index: accumulate the body over the reduction, then store what the epilogue gives. */
function interpret(nest: LoopNest, inputs: readonly ArrayBuffer[], outputs: readonly ArrayBuffer[]): void {
  const data = inputs.map((buffer, i) => decodeNumbers(viewArray(nest.inputs[i], buffer), nest.inputs[i]));
  const results = nest.stores.map((): number[] => []);
  for (const index of indices(nest.shape)) {
    const totals = accumulate(nest, data, index);
    const values = evaluate(nest, nest.reduce ? nest.epilogue : nest.body, data, index, totals);
    nest.stores.forEach(({ value }, i) => void results[i].push(values[value]));
  }
  nest.stores.forEach(({ dtype }, i) => {
    viewArray(dtype, outputs[i], 0, results[i].length).set(encodeNumbers(results[i], dtype));
  });
}

/** Every index of a shape, the last axis running fastest. */
function* indices(shape: Shape): Generator<readonly number[]> {
  if (shape.length === 0) yield [];
  else
    for (const outer of indices(shape.slice(0, -1)))
      for (let i = 0; i < shape[shape.length - 1]; i++) yield [...outer, i];
}

const combining = { sum: "add", product: "multiply", max: "maximum", min: "minimum" } as const;

/** What the accumulators hold for one output index. */
function accumulate(nest: LoopNest, data: Numbers[], index: readonly number[]): number[] {
  if (!nest.reduce) return [];
  const { extent, accumulators } = nest.reduce;
  let totals = accumulators.map(({ combine, dtype }) => neutralElement(combine, dtype));
  for (const inner of indices(extent)) {
    const terms = evaluate(nest, nest.body, data, [...index, ...inner], []);
    totals = accumulators.map(({ value, combine, dtype }, i) =>
      applyScalar(combining[combine], [totals[i], terms[value]], dtype, dtype),
    );
  }
  return totals;
}

/** The values of a list of instructions, each computed from those before it. */
function evaluate(nest: LoopNest, list: LoopNest["body"], data: Numbers[], index: Numbers, totals: Numbers): number[] {
  const values: number[] = [];
  for (const step of list) {
    if (step.kind === "constant") values.push(step.value);
    else if (step.kind === "index") values.push(index[step.axis]);
    else if (step.kind === "accumulator") values.push(totals[step.index]);
    else if (step.kind === "apply") {
      const operands = step.operands.map((operand) => values[operand]);
      const from = instructionDType(nest, list[step.operands[operands.length - 1]]);
      values.push(applyScalar(step.operator, operands, from, step.dtype));
    } else if (step.guard !== undefined && !values[step.guard]) values.push(0);
    else if (step.access.kind === "computed") values.push(data[step.input][values[step.access.index]]);
    else {
      const { offset, strides } = step.access;
      values.push(data[step.input][strides.reduce((at, stride, loop) => at + stride * index[loop], offset)]);
    }
  }
  return values;
}
