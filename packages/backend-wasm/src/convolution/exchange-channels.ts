/** Weights as the gradient of the input needs them: [output][input][tap] of each group to [input][output][some taps]. */
import { shuffle32, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { Phase } from "../kernels/kernel.ts";
import { storeLanes } from "../kernels/store-tile.ts";
import { type ConvolutionShape, kernelTaps } from "./geometry.ts";
import type { Part } from "./input-gradient.ts";

/** Writes the weights of every part. A unit is an input channel. */
export function exchangeChannels(shape: ConvolutionShape, parts: readonly Part[]): Phase {
  const inputs = shape.inputChannels / shape.groups;
  const outputs = shape.outputChannels / shape.groups;
  const kernelBytes = 4 * kernelTaps(shape);
  return {
    units: shape.inputChannels,
    // Neighbouring channels share cache lines.
    grain: Math.max(16, Math.ceil(8192 / (outputs * kernelBytes))),
    emit: ({ f, first, last, input, scratch }) => {
      const [weights, start] = [f.bind(input(1)), f.bind(scratch())];
      const from = f.local("i32");
      const group = f.local("i32");
      const targets = parts.map(() => f.local("i32"));
      f.range(0, outputs, 1, (output) => {
        for (const [p, { taps, weights }] of parts.entries()) {
          const row = i32.add(i32.mul(first, outputs), output);
          f.set(targets[p], i32.add(i32.add(start, weights), i32.mul(row, 4 * taps.length)));
        }
        f.range(first, last, 1, (channel) => {
          f.set(group, shape.groups === 1 ? i32.const(0) : i32.div_u(channel, inputs));
          // Kernel (group, output, channel of the group) of the weights.
          f.set(from, i32.add(i32.mul(group, (outputs - 1) * inputs), channel));
          f.set(from, i32.add(weights, i32.mul(i32.add(from, i32.mul(output, inputs)), kernelBytes)));
          for (const [p, { taps }] of parts.entries()) {
            for (let i = 0; i < taps.length; i += 4)
              storeLanes(f, targets[p], gather(from, taps.slice(i, i + 4)), taps.length - i, 4 * i);
            f.increase(targets[p], 4 * outputs * taps.length);
          }
        });
      });
    },
  };
}

/** Up to four elements behind `pointer`. */
function gather(pointer: I32, places: readonly number[]): V128 {
  const low = Math.min(...places);
  const high = Math.max(...places) - 3;
  if (places.length < 2 || high - low > 4)
    return places.reduce<V128>(
      (value, place, lane) => (lane === 0 ? value : v128.load32_lane(pointer, value, lane, 4 * place)),
      v128.load32_zero(pointer, 4 * places[0]),
    );
  const order = [0, 1, 2, 3].map((lane) => {
    const place = places[Math.min(lane, places.length - 1)] - low;
    return place < 4 ? place : place + low - high + 4;
  });
  return shuffle32(v128.load(pointer, 4 * low), v128.load(pointer, 4 * Math.max(high, low)), order);
}
