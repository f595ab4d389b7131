/** Max pooling and the two kernels of its gradients; a plane is a unit, so that what is added has one order. */
import { i32x4, v128 } from "../assembler/simd.ts";
import { f32, fillBytes, type I32, i32 } from "../assembler/values.ts";
import type { Frame, KernelCode } from "../kernels/kernel.ts";
import { eachLane, eachWindow, type PoolingShape, type WindowMaxima } from "./window-maxima.ts";

/** Taps that a thread takes at a time, about. */
const grainTaps = 32768;

/** x to the maximum of each window. */
export function maxPoolCode(name: string, shape: PoolingShape): KernelCode {
  return code(name, shape, ["input", "output"], false, ({ f }, [, output]) => ({ largest, count, offset }) => {
    const pointer = f.bind(i32.add(output, offset));
    const oneByOne = (): void =>
      eachLane(f, count, (lane) => f.emit(v128.store32_lane(pointer, largest, lane, 4 * lane)));
    f.if(i32.eq(count, 4), () => f.emit(v128.store(pointer, largest)), oneByOne);
  });
}

/** (x, gradient of the maxima) to the gradient of x: zeros, with the gradient added where the maxima are. */
export function maxPoolGradientCode(name: string, shape: PoolingShape): KernelCode {
  return code(name, shape, ["input", "output", "input"], true, ({ f }, [, gradient, output]) => {
    f.emit(fillBytes(output, 0, planeBytes(shape, "input")));
    return (maxima) => {
      const from = f.bind(i32.add(gradient, maxima.offset));
      const at = f.local("i32");
      eachLane(f, maxima.count, (lane) => {
        f.set(at, placeOf(maxima, lane));
        f.if(i32.ge_s(at, 0), () => {
          f.set(at, i32.add(output, at));
          f.emit(f32.store(at, f32.add(f32.load(at), f32.load(from, 4 * lane))));
        });
      });
    };
  });
}

/** (x, values of its shape) to the values at the maxima. */
export function maxPoolSelectCode(name: string, shape: PoolingShape): KernelCode {
  return code(name, shape, ["input", "input", "output"], true, ({ f }, [, values, output]) => (maxima) => {
    const to = f.bind(i32.add(output, maxima.offset));
    const at = f.local("i32");
    eachLane(f, maxima.count, (lane) => {
      f.set(at, placeOf(maxima, lane));
      f.emit(f32.store(to, f32.const(0), 4 * lane));
      f.if(i32.ge_s(at, 0), () => f.emit(f32.store(to, f32.load(i32.add(values, at)), 4 * lane)));
    });
  });
}

function placeOf({ places, largest }: WindowMaxima, lane: number): I32 {
  return i32x4.extract(places ?? largest, lane);
}

/** One buffer's plane: of the size of the input or of the output. */
type PlaneKind = "input" | "output";

function planeBytes({ vertical, horizontal }: PoolingShape, kind: PlaneKind): number {
  return 4 * vertical[kind] * horizontal[kind];
}

/** `visitor` is given the addresses of the plane in each of the buffers, of which the last is written. */
function code(
  name: string,
  shape: PoolingShape,
  buffers: readonly PlaneKind[],
  wantsPlaces: boolean,
  visitor: (frame: Frame, planes: readonly I32[]) => (maxima: WindowMaxima) => void,
): KernelCode {
  const { planes, vertical, horizontal } = shape;
  const inputs = buffers.length - 1;
  const emit = (frame: Frame): void => {
    const { f, first, last } = frame;
    f.range(first, last, 1, (plane) => {
      const addresses = buffers.map((kind, i) => {
        const start = i < inputs ? frame.input(i) : frame.output(0);
        return f.bind(i32.add(start, i32.mul(plane, planeBytes(shape, kind))));
      });
      eachWindow(f, shape, addresses[0], wantsPlaces, visitor(frame, addresses));
    });
  };
  const taps = vertical.output * vertical.kernel * horizontal.output * horizontal.kernel;
  const grain = Math.max(1, Math.floor(grainTaps / (1 + taps)));
  return { name, inputs, outputs: 1, scratchBytes: 0, phases: [{ units: planes, grain, emit }] };
}
