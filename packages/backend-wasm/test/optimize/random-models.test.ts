/** Small models put together at random compute the same with and without epilogues, and the same as on the cpu backend. */
import { openCpu } from "@sconce/backend-cpu";
import "@sconce/backend-cpu/register";
import {
  type Backend,
  batchNorm,
  compile,
  conv2d,
  exp,
  grad,
  matmul,
  Param,
  relu,
  sigmoid,
  sizeOf,
  type Tensor,
  tanh,
  tensor,
  withBackend,
} from "@sconce/core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openWasm } from "../../src/index.ts";

const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  none: (x) => x,
  relu,
  relu6: (x) => relu(x).minimum(6),
  silu: (x) => x.mul(sigmoid(x)),
  tanh,
  gauss: (x) => exp(x.square().mul(-0.5)),
};

interface LayerChoice {
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly depthwise: boolean;
  readonly bias: boolean;
  readonly normalized: boolean;
  readonly residual: boolean;
  readonly activation: string;
}

interface ModelChoice {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly layers: readonly LayerChoice[];
  readonly classes: number;
  readonly activation: string;
}

const layer: fc.Arbitrary<LayerChoice> = fc.record({
  outputs: fc.constantFrom(1, 3, 4, 7, 13, 17),
  kernel: fc.constantFrom(1, 3, 5),
  stride: fc.constantFrom(1, 1, 2),
  depthwise: fc.boolean(),
  bias: fc.boolean(),
  normalized: fc.boolean(),
  residual: fc.boolean(),
  activation: fc.constantFrom(...Object.keys(activations)),
});

const model: fc.Arbitrary<ModelChoice> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.constantFrom(1, 3, 5, 8),
  height: fc.integer({ min: 1, max: 13 }),
  width: fc.integer({ min: 1, max: 17 }),
  layers: fc.array(layer, { maxLength: 3 }),
  classes: fc.constantFrom(1, 3, 5, 10, 17),
  activation: fc.constantFrom(...Object.keys(activations)),
});

function wave(shape: readonly number[], phase: number, scale = 1): Tensor {
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(1.7 * i * i + phase));
  return tensor(values).reshape(shape);
}

/** The model on inputs of its own, with a gradient beside its output. */
function network(choice: ModelChoice): () => Promise<Float32Array> {
  let phase = 0;
  const value = (shape: readonly number[], scale?: number): Tensor => wave(shape, phase++, scale);
  const parameter = (shape: readonly number[], scale: number): Param =>
    new Param({ shape, dtype: "float32" }, value(shape, scale));
  const images = value([choice.batch, choice.channels, choice.height, choice.width]);
  let channels = choice.channels;
  const layers = choice.layers.map(({ outputs, kernel, stride, depthwise, bias, normalized, residual, activation }) => {
    const groups = depthwise ? channels : 1;
    const inputs = channels;
    channels = depthwise ? channels : outputs;
    const shape = [channels, inputs / groups, kernel, kernel];
    const weight = parameter(shape, 1 / Math.sqrt(sizeOf(shape.slice(1))));
    const [shift, mean, variance] = [parameter([channels], 0.3), value([channels], 0.2), value([channels], 0.4)];
    const forward = (x: Tensor): Tensor => {
      let y = conv2d(x, weight.value, {
        stride,
        padding: (kernel - 1) / 2,
        groups,
        ...(bias && { bias: shift.value }),
      });
      if (normalized) y = batchNorm(y, { mean, variance: variance.add(0.6), weight: shift.value, bias: mean });
      if (residual && x.shape.join() === y.shape.join()) y = y.add(x);
      return activations[activation](y);
    };
    return { weight, forward };
  });
  const head = parameter([channels, choice.classes], 1 / Math.sqrt(channels));
  const bias = parameter([choice.classes], 0.5);
  const step = compile((x: Tensor) => {
    const features = layers.reduce((y, { forward }) => forward(y), x).mean({ axes: [2, 3] });
    const y = activations[choice.activation](matmul(features, head.value).add(bias.value));
    const gradients = grad(y.square().sum(), [...layers.map(({ weight }) => weight), head]);
    return { y, gradients: [...gradients.values()].map((gradient) => gradient.reshape([-1])) };
  });
  return async () => {
    const { y, gradients } = await step(images);
    const all = await Promise.all([y, ...gradients].map((t) => t.data()));
    return Float32Array.from(all.flatMap((values) => [...(values as Float32Array)]));
  };
}

const backends: Backend[] = [];

beforeAll(async () => {
  const opened = [
    openCpu(),
    await openWasm({ threads: 1, optimize: false, relaxedSimd: false }),
    await openWasm({ threads: 1, relaxedSimd: false }),
    await openWasm({ threads: 2 }),
  ];
  backends.push(...(opened as unknown as Backend[]));
});

afterAll(async () => {
  for (const backend of backends) await backend.close?.();
});

it("computes what the cpu backend computes, with epilogues and without", async () => {
  await fc.assert(
    fc.asyncProperty(model, async (choice) => {
      const results: Float32Array[] = [];
      for (const backend of backends) results.push(await withBackend(backend, () => network(choice)()));
      const [expected, ...found] = results;
      const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
      for (const values of found) {
        expect(values).toHaveLength(expected.length);
        values.forEach((value, i) => {
          expect(Math.abs(value - expected[i]) / largest).toBeLessThan(1e-5);
        });
      }
    }),
    { numRuns: 25 },
  );
});
