/**
 * The gradient of a convolution with respect to its input.
 *
 * Inputs that agree modulo the stride are met by the same kernel taps. Each such phase is a convolution of stride one of
 * the output's gradient with its share of the kernel, flipped and with its channels exchanged: no products with
 * inserted zeros, no scattered sums. The kernels are rearranged first; with a stride, the phases' results are put
 * together at the end.
 */
import { type I32, i32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { Frame, KernelCode, Phase, Target } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { convolutionCode } from "./convolution.ts";
import { suitsDepthwise } from "./depthwise.ts";
import { exchangeChannels } from "./exchange-channels.ts";
import { type Axis, type ConvolutionShape, outputPositions } from "./geometry.ts";
import { joinPhases } from "./join-phases.ts";

/** Along one axis, a phase as a convolution of stride one, and the kernel taps it has, in its own order. */
interface AxisPhase {
  readonly axis: Axis;
  readonly taps: readonly number[];
}

/** One phase of each axis. */
export interface Part {
  readonly shape: ConvolutionShape;
  /** Its taps by their place in the kernel; where there are none, the results are 0. */
  readonly taps: readonly number[];
  /** Where its rearranged weights are, in bytes from the start of the scratch memory. */
  readonly weights: number;
  /** The address of its results. */
  results(frame: Frame): I32;
}

function axisPhases({ input, output, kernel, stride, dilation, before }: Axis): readonly AxisPhase[] {
  return Array.from({ length: Math.min(stride, input) }, (_, phase) => {
    const position = phase + before;
    const every = Array.from({ length: kernel }, (_, tap) => tap);
    const taps = every.filter((tap) => (position - tap * dilation) % stride === 0).reverse();
    const [last = 0, next = last] = taps;
    const axis = {
      input: output,
      output: Math.ceil((input - phase) / stride),
      kernel: taps.length,
      stride: 1,
      dilation: Math.max(1, ((last - next) * dilation) / stride),
      before: (last * dilation - position) / stride,
    };
    return { axis, taps };
  });
}

/**
 * Inputs gradient of y, weight and the epilogue's operands, output gradient of x; none may be empty. An epilogue may be
 * given where the stride is one.
 */
export function inputGradientCode(shape: ConvolutionShape, target: Target, epilogue?: Epilogue): KernelCode {
  const { batch, inputChannels, outputChannels, groups, vertical, horizontal } = shape;
  let reserved = 0;
  const reserve = (elements: number): number => {
    const start = reserved;
    reserved += roundUp(4 * elements, 64) + 64;
    return start;
  };
  const strided = vertical.stride * horizontal.stride > 1;
  // Planes of a depthwise convolution go all the way one by one, and their parts stay in the thread's cache.
  const planewise = strided && groups === outputChannels && suitsDepthwise(shape);
  const across = axisPhases(horizontal);
  const parts = axisPhases(vertical).map((down) =>
    across.map((side): Part => {
      const taps = down.taps.flatMap((i) => side.taps.map((j) => i * horizontal.kernel + j));
      const part: ConvolutionShape = {
        batch,
        groups,
        inputChannels: outputChannels,
        outputChannels: inputChannels,
        vertical: down.axis,
        horizontal: side.axis,
      };
      const weights = reserve((outputChannels * inputChannels * taps.length) / groups);
      const plane = outputPositions(part);
      const at = strided ? reserve(plane * (planewise ? target.threads : batch * inputChannels)) : 0;
      const results = ({ scratch, output, first, thread }: Frame): I32 => {
        if (!strided) return output(0);
        const start = i32.add(scratch(), at);
        return planewise ? i32.add(start, i32.mul(i32.sub(thread, first), 4 * plane)) : start;
      };
      return { shape: part, taps, weights, results };
    }),
  );
  const present = parts.flat().filter(({ taps }) => taps.length > 0);
  const codes = present.map((part) => convolutionCode(part.shape, target, epilogue));
  const scratchBytes = reserved + Math.max(0, ...codes.map((code) => code.scratchBytes));
  const phases = codes.flatMap((code, i) => code.phases.map((phase) => withOperands(phase, present[i], reserved)));
  if (strided) phases.push(joinPhases(shape, parts));
  return {
    name: "convolutionInputGradient",
    inputs: 2 + (epilogue?.operands.length ?? 0),
    outputs: 1,
    scratchBytes,
    phases: [exchangeChannels(shape, present), ...(planewise ? [unitByUnit(phases)] : phases)],
  };
}

/** The phase with its weights, its results and its scratch memory inside the scratch memory of the whole. */
function withOperands(phase: Phase, { weights, results }: Part, scratch: number): Phase {
  return {
    ...phase,
    emit: (frame) =>
      phase.emit({
        ...frame,
        input: (position) => (position === 1 ? i32.add(frame.scratch(), weights) : frame.input(position)),
        output: () => results(frame),
        scratch: () => i32.add(frame.scratch(), scratch),
      }),
  };
}

/** Phases of equally many units as one that does all their work on a unit before the next. */
function unitByUnit(phases: readonly Phase[]): Phase {
  return {
    ...phases[0],
    emit: (frame) => {
      const { f } = frame;
      const last = f.local("i32");
      const first = f.local("i32");
      f.range(frame.first, frame.last, 1, (unit) => {
        f.set(first, unit);
        f.set(last, i32.add(unit, 1));
        for (const phase of phases) phase.emit({ ...frame, first, last });
      });
    },
  };
}
