/** Storing results of a convolution: four neighbouring positions of one channel at a time, after the epilogue. */
import type { Local } from "../assembler/function-builder.ts";
import { type V128, v128 } from "../assembler/simd.ts";
import { type I32, type Index, i32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { Frame } from "../kernels/kernel.ts";
import { type ConvolutionShape, outputPositions } from "./geometry.ts";

/** Where four results go. */
interface Place {
  /** Index of output channel 0 at their first position, in bytes: 4 * (image * channels * positions + position). */
  readonly base: I32;
  /** 4 * position. */
  readonly position: I32;
  /** The output channel, as a variable and an amount known now; a change of the latter costs nothing. */
  readonly channel: I32;
  readonly row: number;
  /** Elements beyond the first position, known now. */
  readonly ahead: number;
  /** How many of the four are results; any number, also below 1 or beyond 4. */
  readonly count: Index;
}

/** Writes code that stores four results. */
export type ResultStore = (value: V128, place: Place) => void;

/** For one phase's frame. */
export function resultStore(
  { f, module, input, output }: Frame,
  shape: ConvolutionShape,
  epilogue: Epilogue | undefined,
): ResultStore {
  const channelBytes = 4 * outputPositions(shape);
  const target = f.bind(output(0));
  const operands = (epilogue?.operands ?? []).map((kind, i) => ({ kind, pointer: f.bind(input(2 + i)) }));
  const at = f.local("i32");
  const result = f.local("v128");
  return (value, { base, position, channel, row, ahead, count }) => {
    f.set(at, i32.add(base, i32.mul(channel, channelBytes)));
    const offset = row * channelBytes + 4 * ahead;
    const finish = (): void => {
      const loaded = operands.map(({ kind, pointer }) => {
        if (kind === "element") return v128.load(i32.add(pointer, at), offset);
        if (kind === "row") return v128.load32_splat(i32.add(pointer, i32.mul(channel, 4)), 4 * row);
        return v128.load(i32.add(pointer, position), 4 * ahead);
      });
      f.set(result, epilogue ? epilogue.emit(module, f, value, loaded) : value);
      f.set(at, i32.add(target, at));
    };
    f.if(
      i32.ge_s(count, 4),
      () => {
        finish();
        f.emit(v128.store(at, result, offset));
      },
      () =>
        f.if(i32.gt_s(count, 0), () => {
          finish();
          storeSome(f, at, result, count, offset);
        }),
    );
  };
}

/** Stores the first `count` lanes, 1 to 3. */
function storeSome(f: Frame["f"], at: Local<"i32">, value: V128, count: Index, offset: number): void {
  for (let lane = 0; lane < 3; lane++)
    f.if(i32.gt_s(count, lane), () => f.emit(v128.store32_lane(at, value, lane, offset + 4 * lane)));
}
