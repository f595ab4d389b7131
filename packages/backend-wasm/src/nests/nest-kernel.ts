/** Loop nests as kernels: a phase per nest, where a long reduction is split into several. */
import { bytesPerElement, type LoopNest, sizeOf } from "@sconce/core";
import { type I32, i32 } from "../assembler/values.ts";
import type { Frame, KernelCode, Phase } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { hostOperators } from "../machine/host-functions.ts";
import { emitNest } from "./nest-function.ts";
import { normalForm } from "./normal-form.ts";
import { scheduleNest } from "./schedule.ts";
import { splitReduction } from "./split-reduction.ts";
import { withTiles } from "./tiles.ts";

/** The kernel that runs `nest`. */
export function nestKernel(nest: LoopNest): KernelCode {
  const { inputs, stores } = nest;
  const scratch = { bytes: 0 };
  const read = inputs.map(
    (_, i): Address =>
      (frame) =>
        frame.input(i),
  );
  const written = stores.map(
    (_, i): Address =>
      (frame) =>
        frame.output(i),
  );
  const phases = sizeOf(nest.shape) === 0 ? [] : phasesOf(nest, read, written, scratch);
  return {
    name: nest.reduce ? "reduction" : "map",
    inputs: inputs.length,
    outputs: stores.length,
    scratchBytes: scratch.bytes,
    phases,
  };
}

/** Where an array is. */
type Address = (frame: Frame) => I32;

/** `scratch` counts the bytes of scratch memory that the phases share out. */
function phasesOf(
  given: LoopNest,
  inputs: readonly Address[],
  outputs: readonly Address[],
  scratch: { bytes: number },
): Phase[] {
  const nest = withTiles(normalForm(given));
  const schedule = scheduleNest(nest);
  const split = callsHost(nest) ? undefined : splitReduction(nest, schedule);
  if (split) {
    const results = sizeOf(nest.shape);
    const totals = split.totals.map((dtype) => {
      const at = scratch.bytes;
      const each = results * bytesPerElement(dtype);
      scratch.bytes += roundUp(each * split.count, 64);
      return (first: number): Address =>
        (frame) =>
          i32.add(frame.scratch(), at + first * each);
    });
    return [
      ...split.pieces.flatMap(({ nest: part, first }) =>
        phasesOf(
          part,
          inputs,
          totals.map((total) => total(first)),
          scratch,
        ),
      ),
      ...phasesOf(split.combine, [...inputs, ...totals.map((total) => total(0))], outputs, scratch),
    ];
  }
  return [
    {
      units: schedule.units,
      // Worker threads have no host functions, so one thread must take everything.
      grain: callsHost(nest) ? schedule.units : 1,
      emit: (frame) =>
        emitNest(
          frame,
          nest,
          schedule,
          inputs.map((input) => input(frame)),
          outputs.map((output) => output(frame)),
        ),
    },
  ];
}

function callsHost({ body, epilogue }: LoopNest): boolean {
  return [...body, ...epilogue].some(
    (item) => item.kind === "apply" && item.dtype === "float64" && item.operator in hostOperators,
  );
}
