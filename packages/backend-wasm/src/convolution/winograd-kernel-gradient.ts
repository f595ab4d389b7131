/** The last step of the gradient of a 3 by 3 convolution's weights: from sums over tiles to the gradients of kernels. */
import { f32x4, v128 } from "../assembler/simd.ts";
import { i32 } from "../assembler/values.ts";
import type { Phase, Target } from "../kernels/kernel.ts";
import type { ConvolutionShape } from "./geometry.ts";
import { Transforms, tileProducts } from "./winograd-transforms.ts";

/** Adds up the sums of the pieces and transforms them. A unit is an output channel. */
export function kernelGradientPhase(
  { inputChannels, outputChannels }: ConvolutionShape,
  { relaxed }: Target,
  { pieces, sumsAt, sumBytes }: { readonly pieces: number; readonly sumsAt: number; readonly sumBytes: number },
): Phase {
  return {
    units: outputChannels,
    grain: Math.ceil(256 / inputChannels),
    emit: ({ f, first, last, scratch, output }) => {
      const transforms = new Transforms(f, relaxed, "kernelGradient");
      const from = f.index(i32.add(i32.add(scratch(), sumsAt), i32.mul(first, 4 * inputChannels)));
      const to = f.index(i32.add(output(0), i32.mul(first, 36 * inputChannels)));
      const part = f.local("i32");
      const sums = Array.from({ length: tileProducts ** 2 }, () => f.local("v128"));
      const four = (count: number): void => {
        for (const [e, sum] of sums.entries()) f.set(sum, v128.load(from, e * sumBytes));
        f.set(part, from);
        f.range(1, pieces, 1, () => {
          f.increase(part, sums.length * sumBytes);
          for (const [e, sum] of sums.entries()) f.set(sum, f32x4.add(sum, v128.load(part, e * sumBytes)));
        });
        const lines = Array.from({ length: tileProducts }, (_, y) =>
          sums.slice(tileProducts * y, tileProducts * (y + 1)),
        );
        const taps = transforms.both(lines, (line) => transforms.kernelGradient(line));
        const quads = [taps.slice(0, 4), taps.slice(4, 8)].map((list) => transforms.transpose(list));
        for (let channel = 0; channel < count; channel++) {
          quads.forEach((list, q) => {
            f.emit(v128.store(to, list[channel], 36 * channel + 16 * q));
          });
          f.emit(v128.store32_lane(to, taps[8], channel, 36 * channel + 32));
        }
        f.increase(from, 4 * count);
        f.increase(to, 36 * count);
      };
      f.range(first, last, 1, () => {
        f.range(0, inputChannels - (inputChannels % 4), 4, () => four(4));
        if (inputChannels % 4 > 0) four(inputChannels % 4);
      });
    },
  };
}
