/** Our own products and channels-last convolutions of many channels, on whole numbers, whose sums are exact in any order. */
import type { Instruction, Kernel, NestEpilogue, OpRequest, ScalarOperator, Shape } from "@sconce/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openNative } from "../../src/index.ts";
import type { LaidOutRequest } from "../../src/optimize/orders.ts";

const native = await openNative({ threads: 2 });

const count = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Whole numbers from -3 to 3. */
function wholes(shape: Shape, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * 7) - 3;
  });
}

async function run(request: OpRequest, inputs: readonly Float32Array[], times = 1): Promise<Float32Array> {
  const kernel = native.claim?.(request) as Kernel;
  const bytes = 4 * count(request.output.shape);
  const buffers = inputs.map((input) => native.allocate(input.byteLength));
  const output = native.allocate(bytes);
  for (const [i, buffer] of buffers.entries()) native.write(buffer, inputs[i]);
  for (let time = 0; time < times; time++) kernel.run(buffers, [output]);
  const result = new Float32Array(await native.read(output, bytes));
  for (const buffer of [...buffers, output]) native.release(buffer);
  return result;
}

const float = (shape: Shape): OpRequest["output"] => ({ shape, dtype: "float32" });

/** (x * scale + shift + addend, not below 0 if it is `limited`), with one scale and shift per channel or column. */
function epilogue(by: "row" | "column", limited: boolean): NestEpilogue {
  const load = (input: number): Instruction => ({
    kind: "load",
    input,
    dtype: "float32",
    access: { kind: "affine", offset: 0, strides: [] },
  });
  const apply = (operator: ScalarOperator, ...operands: number[]): Instruction => ({
    kind: "apply",
    operator,
    dtype: "float32",
    operands,
  });
  const instructions: Instruction[] = [load(0), load(1), load(2), load(3)];
  instructions.push(apply("multiply", 0, 1), apply("add", 4, 2), apply("add", 5, 3));
  if (limited) instructions.push({ kind: "constant", value: 0, dtype: "float32" }, apply("maximum", 6, 7));
  return { operands: [by, by, "element"], instructions, value: instructions.length - 1 };
}

const products = fc.record({
  rows: fc.integer({ min: 1, max: 70 }),
  columns: fc.integer({ min: 1, max: 150 }),
  depth: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(512, 1537, 4000)),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  follows: fc.constantFrom("nothing", "chain", "limits"),
});

test("products of all shapes, either factor transposed, also of factors that come again", async () => {
  await fc.assert(
    fc.asyncProperty(products, async ({ rows, columns, depth, transposeA, transposeB, follows }) => {
      const [a, b] = [wholes([rows, depth], 1), wholes([depth, columns], 2)];
      const operands = [wholes([columns], 3), wholes([columns], 4), wholes([rows, columns], 5)];
      const expected = new Float32Array(rows * columns);
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          let sum = 0;
          for (let k = 0; k < depth; k++) {
            sum += a[transposeA ? k * rows + r : r * depth + k] * b[transposeB ? c * depth + k : k * columns + c];
          }
          if (follows !== "nothing") sum = sum * operands[0][c] + operands[1][c] + operands[2][r * columns + c];
          expected[r * columns + c] = follows === "limits" ? Math.max(sum, 0) : sum;
        }
      }
      const request: OpRequest = {
        op: "matmul",
        attributes: { transposeA, transposeB },
        inputs: [
          float(transposeA ? [depth, rows] : [rows, depth]),
          float(transposeB ? [columns, depth] : [depth, columns]),
        ],
        output: float([rows, columns]),
        ...(follows !== "nothing" && { epilogue: epilogue("column", follows === "limits") }),
      };
      const inputs = [a, b, ...(follows === "nothing" ? [] : operands)];
      expect(await run(request, inputs, 3)).toEqual(expected.map((value) => value + 0));
    }),
    { numRuns: 60 },
  );
});

const pair = fc.constantFrom(1, 2);
const convolutions = fc
  .record({
    batch: pair,
    channels: fc.tuple(fc.integer({ min: 8, max: 40 }), fc.integer({ min: 8, max: 80 })),
    size: fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
    kernel: fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(1, 3)),
    stride: fc.tuple(pair, pair),
    padding: fc.tuple(fc.tuple(fc.nat(2), fc.nat(2)), fc.tuple(fc.nat(2), fc.nat(2))),
    dilation: fc.tuple(pair, pair),
  })
  .filter((each) => outputSize(each).every((extent) => extent > 0));

interface Spatial {
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly dilation: readonly number[];
}

function outputSize({ size, kernel, stride, padding, dilation }: Spatial): number[] {
  return size.map((extent, i) => {
    const room = extent + padding[i][0] + padding[i][1] - ((kernel[i] - 1) * dilation[i] + 1);
    return room < 0 ? 0 : Math.floor(room / stride[i]) + 1;
  });
}

test("convolutions of many channels and their gradients", async () => {
  await fc.assert(
    fc.asyncProperty(convolutions, async (each) => {
      const { batch, channels, size, kernel, stride, padding, dilation } = each;
      const [inputs, outputs] = channels;
      const made = outputSize(each);
      // Channels-last in memory, whatever the shapes say.
      const shapes = {
        x: [batch, inputs, ...size],
        weight: [outputs, inputs, ...kernel],
        y: [batch, outputs, ...made],
      };
      const [x, weight, dy] = [wholes(shapes.x, 1), wholes(shapes.weight, 2), wholes(shapes.y, 3)];
      const y = new Float32Array(dy.length);
      const [dx, dw] = [new Float32Array(x.length), new Float32Array(weight.length)];
      for (let n = 0; n < batch; n++) {
        for (let i = 0; i < made[0] * made[1] * kernel[0] * kernel[1]; i++) {
          const [tap, position] = [i % (kernel[0] * kernel[1]), Math.floor(i / (kernel[0] * kernel[1]))];
          const [row, column] = [Math.floor(position / made[1]), position % made[1]];
          const down = row * stride[0] - padding[0][0] + Math.floor(tap / kernel[1]) * dilation[0];
          const across = column * stride[1] - padding[1][0] + (tap % kernel[1]) * dilation[1];
          if (down < 0 || down >= size[0] || across < 0 || across >= size[1]) continue;
          const [from, to] = [
            ((n * size[0] + down) * size[1] + across) * inputs,
            (n * made[0] * made[1] + position) * outputs,
          ];
          for (let o = 0; o < outputs; o++) {
            for (let c = 0; c < inputs; c++) {
              const at = (o * inputs + c) * kernel[0] * kernel[1] + tap;
              y[to + o] += x[from + c] * weight[at];
              dx[from + c] += dy[to + o] * weight[at];
              dw[at] += dy[to + o] * x[from + c];
            }
          }
        }
      }
      const attributes = { stride, padding, dilation, groups: 1 };
      const request = (op: string, first: Shape, second: Shape, output: Shape, last: boolean[]): LaidOutRequest => ({
        op,
        attributes,
        inputs: [float(first), float(second)],
        output: float(output),
        layout: { inputs: last.slice(0, 2), output: last[2], images: 1 },
      });
      const forward = request("convolution", shapes.x, shapes.weight, shapes.y, [true, false, true]);
      expect(await run(forward, [x, weight], 2)).toEqual(y);
      const byInput = request("convolutionInputGradient", shapes.y, shapes.weight, shapes.x, [true, false, true]);
      expect(await run(byInput, [dy, weight])).toEqual(dx);
      const byWeight = request("convolutionWeightGradient", shapes.x, shapes.y, shapes.weight, [true, true, false]);
      expect(await run(byWeight, [x, dy])).toEqual(dw);
      const operands = [wholes([outputs], 4), wholes([outputs], 5), wholes(shapes.y, 6)];
      const finished = y.map((sum, i) =>
        Math.max(0, sum * operands[0][i % outputs] + operands[1][i % outputs] + operands[2][i]),
      );
      const chained: LaidOutRequest = {
        ...forward,
        epilogue: epilogue("row", true),
        layout: { inputs: [true, false, false, false, true], output: true, images: 1 },
      };
      expect(await run(chained, [x, weight, ...operands])).toEqual(finished);
    }),
    { numRuns: 40 },
  );
});
