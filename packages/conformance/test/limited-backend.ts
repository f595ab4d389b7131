/** A backend that can do little, as graphics cards in browsers can, and that checks that nobody asks it for more. */
import type { Backend, DType, LoopNest } from "@sconce/core";

const own: readonly DType[] = ["float32", "int32", "uint32", "bool"];
const [maximumInputs, maximumOutputs, maximumBuffers] = [4, 2, 5];

export function limited<Buffer>(backend: Backend<Buffer>): Backend<Buffer> {
  return {
    ...backend,
    name: `${backend.name}, limited`,
    capabilities: { ...backend.capabilities, dtypes: own, maximumInputs, maximumOutputs, maximumBuffers },
    claim: undefined,
    compile: (nest) => {
      refuse(nest);
      return backend.compile(nest);
    },
  };
}

function refuse({ inputs, stores, body, epilogue, reduce }: LoopNest): void {
  if (inputs.length > maximumInputs) throw new Error(`a nest has ${inputs.length} inputs.`);
  if (stores.length > maximumOutputs) throw new Error(`a nest has ${stores.length} stores.`);
  if (inputs.length + stores.length > maximumBuffers)
    throw new Error(`a nest has ${inputs.length + stores.length} buffers.`);
  const computed = [...body, ...epilogue].flatMap((step) => ("dtype" in step ? [step.dtype] : []));
  const used = [
    ...inputs,
    ...stores.map(({ dtype }) => dtype),
    ...computed,
    ...(reduce?.accumulators ?? []).map(({ dtype }) => dtype),
  ];
  const foreign = used.find((dtype) => !own.includes(dtype));
  if (foreign) throw new Error(`a nest uses ${foreign}.`);
}
