/** A recorded sequence of kernels: one command buffer per run, with bind groups kept for buffers that come again. */
import type { Replay, Step } from "@sconce/core";
import type { WebGpuBuffer } from "../device/buffers.ts";
import type { Engine } from "../device/engine.ts";
import type { BoundPass, WebGpuKernel } from "./kernel.ts";

/** Sets of buffers kept per step: variables change places with their new values, so that a few sets take turns. */
const keptSets = 6;

interface RecordedStep {
  readonly kernel: WebGpuKernel;
  readonly inputs: readonly WebGpuBuffer[];
  readonly outputs: readonly WebGpuBuffer[];
  readonly known: Map<string, readonly BoundPass[]>;
}

export function recordSteps(steps: readonly Step<WebGpuBuffer>[], engine: Engine): Replay {
  const recorded = steps.map(
    ({ kernel, inputs, outputs }): RecordedStep => ({
      kernel: kernel as WebGpuKernel,
      inputs,
      outputs,
      known: new Map(),
    }),
  );
  const play = (): void => {
    const { stream } = engine;
    for (const step of recorded) {
      for (const { pass, program, group } of boundPasses(step)) {
        stream.dispatch(pass.name, program.pipeline, group, pass.groups);
      }
    }
    stream.flush();
  };
  return {
    run: () => {
      const waiting = recorded.flatMap(({ kernel, inputs, outputs, known }) =>
        known.has(keyOf(inputs, outputs)) ? [] : (kernel.prepare(inputs, outputs) ?? []),
      );
      if (waiting.length > 0) return Promise.all(waiting).then(play);
      play();
    },
  };
}

function boundPasses({ kernel, inputs, outputs, known }: RecordedStep): readonly BoundPass[] {
  const key = keyOf(inputs, outputs);
  let passes = known.get(key);
  if (!passes) {
    passes = kernel.bind(inputs, outputs);
    if (known.size >= keptSets) known.delete(known.keys().next().value as string);
    known.set(key, passes);
  }
  return passes;
}

function keyOf(inputs: readonly WebGpuBuffer[], outputs: readonly WebGpuBuffer[]): string {
  let key = "";
  for (const { id } of inputs) key += `${id} `;
  for (const { id } of outputs) key += `${id} `;
  return key;
}
