/** The last step of the gradient of a strided convolution's input: the phases' results, dealt out to rows and columns. */
import { f32x4, shuffle32, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { Phase } from "../kernels/kernel.ts";
import { storeLanes } from "../kernels/store-tile.ts";
import { type ConvolutionShape, inputPositions, outputPositions } from "./geometry.ts";
import type { Part } from "./input-gradient.ts";

/** A unit is a plane of the output; `parts` are by vertical and horizontal phase. */
export function joinPhases(shape: ConvolutionShape, parts: readonly (readonly Part[])[]): Phase {
  const { batch, inputChannels, vertical, horizontal } = shape;
  const width = horizontal.input;
  return {
    units: batch * inputChannels,
    grain: Math.max(1, Math.ceil(4096 / inputPositions(shape))),
    emit: (frame) => {
      const { f, first, last, output } = frame;
      const to = f.local("i32");
      f.range(first, last, 1, (plane) => {
        parts.forEach((row, phase) => {
          f.set(to, i32.add(output(0), i32.add(i32.mul(plane, 4 * inputPositions(shape)), 4 * phase * width)));
          const from = row.map(({ shape: part, results }) =>
            f.index(i32.add(results(frame), i32.mul(plane, 4 * outputPositions(part)))),
          );
          /** Element i of every phase in turn, from `at` elements on; `count` of them. */
          const four = (offset: I32, at: number, count: number): void => {
            const step = horizontal.stride;
            const value = (): V128 => {
              const load = (p: number, ahead: number): V128 =>
                row[p]?.taps.length > 0 ? v128.load(i32.add(from[p], offset), 4 * ahead) : f32x4.const(0);
              if (step === 1) return load(0, at);
              if (step === 2) return shuffle32(load(0, at >> 1), load(1, at >> 1), [0, 4, 1, 5]);
              let lanes = f32x4.const(0);
              for (let lane = 0; lane < count; lane++) {
                const p = (at + lane) % step;
                if (row[p].taps.length > 0)
                  lanes = v128.load32_lane(i32.add(from[p], offset), lanes, lane, 4 * Math.floor((at + lane) / step));
              }
              return lanes;
            };
            storeLanes(f, i32.add(to, i32.mul(offset, step)), value(), count, 4 * at);
          };
          const turn = 4 * horizontal.stride;
          const whole = Math.floor(width / turn) * turn;
          f.range(0, row[0].shape.vertical.output, 1, () => {
            f.range(0, (4 * whole) / horizontal.stride, 16, (offset) => {
              for (let at = 0; at < turn; at += 4) four(offset, at, 4);
            });
            const rest = i32.const((4 * whole) / horizontal.stride);
            for (let at = 0; at < width - whole; at += 4) four(rest, at, Math.min(4, width - whole - at));
            f.increase(to, 4 * vertical.stride * width);
            row.forEach(({ shape: part }, p) => {
              f.increase(from[p], 4 * part.horizontal.output);
            });
          });
          f.release(...from);
        });
      });
    },
  };
}
