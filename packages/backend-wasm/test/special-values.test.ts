/** Infinities, NaN and very large numbers spoil only what they take part in: for Winograd's convolution, their tiles. */
import { type Backend, compile, conv2d, grad, matmul, sizeOf, type Tensor, tensor, withBackend } from "@sconce/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWasm } from "../src/index.ts";

const special = fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 3e38, -1e30);

/** Positive fractions, so that nothing cancels out. */
const fractions = (shape: readonly number[], phase: number): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, (_, i) => 1.5 + Math.sin(1.7 * i * i + phase));

type Spoiled = (index: number) => boolean;

describe.each([{ threads: 1, relaxedSimd: false }, { threads: 2 }])("on wasm with %o", (options) => {
  let wasm: Backend;
  beforeAll(async () => {
    wasm = (await openWasm(options)) as unknown as Backend;
  });
  afterAll(() => wasm.close?.());

  /** Elements of a result that `reaches` says no to are the same bits with `value` at `place` of the first operand. */
  async function check(
    fn: (x: Tensor, y: Tensor) => Tensor,
    operandShapes: readonly [readonly number[], readonly number[]],
    place: number,
    value: number,
    { takesPart, reaches = takesPart }: { takesPart: Spoiled; reaches?: Spoiled },
  ): Promise<void> {
    const step = compile(fn);
    const [x, y] = operandShapes.map(fractions);
    const spoiled = Float32Array.from(x, (each, at) => (at === place ? value : each));
    const [before, after] = await withBackend(wasm, async () => {
      const results: Float32Array[] = [];
      for (const first of [x, spoiled]) {
        const operands = [first, y].map((values, i) => tensor(values, { shape: operandShapes[i] }));
        results.push((await (await step(operands[0], operands[1])).data()) as Float32Array);
      }
      return results;
    });
    step.dispose();
    const wrong = before.findIndex((element, i) =>
      reaches(i) ? takesPart(i) && Math.abs(after[i]) < 1e29 : !Object.is(after[i], element),
    );
    expect(wrong, `${before[wrong]} became ${after[wrong]}`).toBe(-1);
  }

  it.each([
    [1, 40, 33],
    [7, 13, 17],
    [30, 70, 20],
    [5, 3000, 6],
    [200, 300, 9],
  ])("an element of a matrix reaches its row of a product: [%i, %i] by %i", async (m, k, n) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(m * k - 1), special, fc.boolean(), async (place, value, transposeB) => {
        const row = Math.floor(place / k);
        const operandShapes = [[m, k], transposeB ? [n, k] : [k, n]] as const;
        const takesPart = (i: number): boolean => Math.floor(i / n) === row;
        await check((a, b) => matmul(a, b, { transposeB }), operandShapes, place, value, { takesPart });
      }),
      { numRuns: 6 },
    );
  });

  const convolutions = {
    direct: { x: [2, 5, 9, 7], weight: [4, 5, 3, 3], stride: 2, groups: 1, tile: 1 },
    depthwise: { x: [2, 6, 9, 11], weight: [6, 1, 3, 3], stride: 1, groups: 6, tile: 1 },
    Winograd: { x: [3, 8, 13, 11], weight: [9, 8, 3, 3], stride: 1, groups: 1, tile: 4 },
  };

  it.each(Object.entries(convolutions))(
    "an element of an image reaches what sees it: %s",
    async (_, { x, weight, stride, groups, tile }) => {
      const [, channels, height, width] = x;
      const spatial = [height, width].map((extent) => Math.floor((extent - 1) / stride) + 1);
      const outputShape = [x[0], weight[0], ...spatial];
      await fc.assert(
        fc.asyncProperty(fc.nat(sizeOf(x) - 1), special, async (place, value) => {
          const at = (i: number, extents: readonly number[]): number[] =>
            extents.map((extent, axis) => Math.floor(i / sizeOf(extents.slice(axis + 1))) % extent);
          const [image, channel, row, column] = at(place, x);
          /** Whether the element is in the windows of a square of `size` positions around one. */
          const sees =
            (size: number): Spoiled =>
            (i) => {
              const [n, output, y, across] = at(i, outputShape);
              const near = (position: number, element: number): boolean => {
                const first = size * Math.floor(position / size);
                return element >= first * stride - 1 && element <= (first + size - 1) * stride + 1;
              };
              return n === image && (groups === 1 || output === channel) && near(y, row) && near(across, column);
            };
          await check((a, b) => conv2d(a, b, { stride, padding: 1, groups }), [x, weight], place, value, {
            takesPart: sees(1),
            reaches: sees(tile),
          });
          // Of the weights' gradient, the input channel's share.
          const kernel = sizeOf(weight.slice(1)) / (channels / groups);
          const share = (i: number): boolean => Math.floor(i / kernel) % channels === channel;
          const gradient = (a: Tensor, b: Tensor): Tensor =>
            grad(conv2d(a, b, { stride, padding: 1, groups }).mul(0.5).sum(), b);
          await check(gradient, [x, weight], place, value, { takesPart: () => false, reaches: share });
        }),
        { numRuns: 8 },
      );
    },
  );
});
