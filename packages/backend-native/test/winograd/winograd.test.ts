/** Minimal filtering: programs of two 3x3 convolutions, whose middle lies channels-last, against the cpu backend. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import { type Backend, compile, conv2d, relu, type Tensor, tensor, vjp, withBackend } from "@sconce/core";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";

interface Shape {
  readonly batch: number;
  readonly channels: readonly [number, number, number];
  readonly height: number;
  readonly width: number;
  readonly padding: number;
}

const shapes = fc.record({
  batch: fc.integer({ min: 1, max: 5 }),
  channels: fc.tuple(fc.constantFrom(3, 16, 32), fc.constantFrom(16, 48), fc.constantFrom(16, 32)),
  height: fc.integer({ min: 13, max: 30 }),
  width: fc.integer({ min: 13, max: 30 }),
  padding: fc.constantFrom(0, 1, 2),
});

let native: Backend;
const cpu = openCpu();

beforeAll(async () => {
  native = await openNative();
});

/** Numbers with mean 0 and about unit variance. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 3.46;
  });
}

async function results(backend: Backend, shape: Shape): Promise<Float32Array[]> {
  const { batch, channels, height, width, padding } = shape;
  return withBackend(backend, async () => {
    const floats = (extents: number[], seed: number): Tensor =>
      tensor(
        numbers(
          extents.reduce((a, b) => a * b),
          seed,
        ),
        { shape: extents },
      );
    const x = floats([batch, channels[0], height, width], 1);
    const first = floats([channels[1], channels[0], 3, 3], 2).div(Math.sqrt(9 * channels[0]));
    const second = floats([channels[2], channels[1], 3, 3], 3).div(Math.sqrt(9 * channels[1]));
    const step = compile((x: Tensor, first: Tensor, second: Tensor) => {
      const y = relu(conv2d(relu(conv2d(x, first, { padding })), second, { padding }));
      return [y, ...vjp(y, [x, first, second], y)];
    });
    const outputs = await step(x, first, second);
    return Promise.all(outputs.map(async (output) => (await output.data()) as Float32Array));
  });
}

async function expectDirectSums(shape: Shape): Promise<void> {
  const [ours, theirs] = [await results(native, shape), await results(cpu, shape)];
  ours.forEach((values, i) => {
    const largest = theirs[i].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = values.reduce((most, value, at) => Math.max(most, Math.abs(value - theirs[i][at])), 0);
    expect(error / largest).toBeLessThan(3e-5);
  });
}

test("results and gradients are those of direct sums", async () => {
  await fc.assert(fc.asyncProperty(shapes, expectDirectSums), { numRuns: 12 });
});

test("so they are with many channels, where all tiles go together", async () => {
  await expectDirectSums({ batch: 4, channels: [16, 256, 224], height: 13, width: 14, padding: 1 });
});

test("so they are with few tiles, whose channels are shared out", async () => {
  await expectDirectSums({ batch: 1, channels: [16, 48, 80], height: 13, width: 16, padding: 1 });
});
