/** Equally long parts, end to end: a unit is one run of neighbours of one part. */
import { copyBytes, i32 } from "../assembler/values.ts";
import type { Frame, KernelCode } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";

/** Each of the parts is [outer, run], the result is [outer, parts, run]. */
export interface ConcatenationShape {
  readonly outer: number;
  readonly parts: number;
  readonly runBytes: number;
}

/** Bytes that a thread takes at a time, at least. */
const grainBytes = 65536;

/** A kernel of as many inputs as there are parts. */
export function concatenateCode(shape: ConcatenationShape): KernelCode {
  const { outer, parts, runBytes } = shape;
  return {
    name: "concatenate",
    inputs: parts,
    outputs: 1,
    scratchBytes: 0,
    phases: [
      { units: outer * parts, grain: Math.ceil(grainBytes / runBytes), emit: (frame) => emitCopy(frame, shape) },
    ],
  };
}

function emitCopy(frame: Frame, { outer, parts, runBytes }: ConcatenationShape): void {
  const { f } = frame;
  const output = f.bind(frame.output(0));
  f.range(frame.first, frame.last, 1, (unit) => {
    const [slice, part] = positions(f, unit, [outer, parts]);
    const from = i32.add(frame.input(part), i32.mul(slice, runBytes));
    f.emit(copyBytes(i32.add(output, i32.mul(unit, runBytes)), from, runBytes));
  });
}
