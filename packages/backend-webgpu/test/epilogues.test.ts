/** Small networks compute the same with epilogues merged into products as without, in fewer kernels. */
import {
  type Backend,
  batchNorm,
  compile,
  conv2d,
  grad,
  matmul,
  Param,
  relu,
  sizeOf,
  type Tensor,
  tanh,
  tensor,
  withBackend,
} from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openForTests, type TestBackend } from "./device.ts";

const merging = (await openForTests()) as TestBackend;
const plain = (await openForTests({ optimize: false })) as TestBackend;
afterAll(() => Promise.all([merging?.close?.(), plain?.close?.()]));

const wave = (shape: readonly number[], phase: number): Tensor =>
  tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => 0.5 * Math.sin(1.7 * i * i + phase))).reshape(shape);

interface Choice {
  readonly channels: number;
  readonly outputs: number;
  readonly depthwise: boolean;
  readonly kernel: number;
  readonly side: number;
  readonly residual: boolean;
  readonly activation: "relu" | "tanh" | "silu";
}

const choices: fc.Arbitrary<Choice> = fc.record({
  channels: fc.constantFrom(3, 4),
  outputs: fc.constantFrom(3, 5, 8),
  depthwise: fc.boolean(),
  kernel: fc.constantFrom(1, 3),
  side: fc.constantFrom(5, 8),
  residual: fc.boolean(),
  activation: fc.constantFrom("relu", "tanh", "silu"),
});

const activations = { relu, tanh, silu: (x: Tensor): Tensor => x.mul(x.neg().exp().add(1).reciprocal()) };

/** Outputs and gradients, and how many kernels the outputs alone take. */
async function outcome(backend: TestBackend, choice: Choice): Promise<{ values: number[]; kernels: number }> {
  return withBackend(backend as unknown as Backend, async () => {
    const { channels, depthwise, kernel, side, residual, activation } = choice;
    const outputs = depthwise ? channels : choice.outputs;
    const weight = new Param(
      { shape: [outputs, depthwise ? 1 : channels, kernel, kernel], dtype: "float32" },
      wave([outputs, depthwise ? 1 : channels, kernel, kernel], 1),
    );
    const head = new Param({ shape: [outputs * side, 6], dtype: "float32" }, wave([outputs * side, 6], 2));
    const [mean, variance, bias] = [wave([outputs], 3), wave([outputs], 4).add(1), wave([6], 5)];
    const forward = (x: Tensor): Tensor => {
      let y = conv2d(x, weight.value, { padding: (kernel - 1) / 2, groups: depthwise ? channels : 1 });
      y = batchNorm(y, { mean, variance, weight: mean, bias: mean });
      if (residual && outputs === channels) y = y.add(x);
      y = activations[activation](y);
      return tanh(matmul(y.mean({ axes: 3 }).reshape([2, outputs * side]), head.value).add(bias));
    };
    const infer = compile(forward);
    const step = compile((x: Tensor) => {
      const logits = forward(x);
      return { logits, gradients: [...grad(logits.square().sum(), [weight, head]).values()] };
    });
    const x = wave([2, channels, side, side], 6);
    const { logits, gradients } = await step(x);
    const values: number[] = [];
    for (const result of [await infer(x), logits, ...gradients]) values.push(...(await result.data()));
    return { values, kernels: infer.programs()[0].nodes.length };
  });
}

describe.skipIf(!merging)("epilogues", () => {
  it("change nothing but the number of kernels", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(choices, async (choice) => {
        const [expected, actual] = [await outcome(plain, choice), await outcome(merging, choice)];
        expect(actual.kernels).toBeLessThan(expected.kernels);
        expect(actual.values).toEqual(expected.values.map((value) => expect.closeTo(value, 4)));
      }),
      { numRuns: 6 },
    );
  });
});
