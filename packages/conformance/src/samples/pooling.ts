/** Pooling over one and two axes, and the ops that its gradients are made of. */
import { avgPool1d, avgPool2d, grad, maxPool1d, maxPool2d, multiply, sum, type Tensor, vjp } from "@sconce/core";
import * as fc from "fast-check";
import { batches, type DescribedSample, type OpSamples, opSamples } from "./op-sample.ts";

const axis = fc.record({
  size: fc.integer({ min: 1, max: 11 }),
  kernel: fc.integer({ min: 1, max: 4 }),
  stride: fc.integer({ min: 1, max: 3 }),
  padding: fc.integer({ min: 0, max: 2 }),
  dilation: fc.integer({ min: 1, max: 2 }),
});

const description = fc.record({
  batch: batches,
  channels: fc.integer({ min: 1, max: 9 }),
  axes: fc.array(axis, { minLength: 1, maxLength: 2 }),
  ceilMode: fc.boolean(),
  countIncludePad: fc.boolean(),
});

type Description = typeof description extends fc.Arbitrary<infer D> ? D : never;

interface Pool {
  readonly shape: number[];
  pool(x: Tensor): Tensor;
}

function poolOf({ batch, channels, axes, ceilMode, countIncludePad }: Description, kind: "max" | "average"): Pool {
  const dilation = axes.map((a) => (kind === "max" ? a.dilation : 1));
  const reach = axes.map((a, i) => (a.kernel - 1) * dilation[i] + 1);
  // PyTorch's rule, checked by the functions: at most half a window of padding.
  const padding = axes.map((a, i) => Math.min(a.padding, Math.floor(reach[i] / 2)));
  const shape = [batch, channels, ...axes.map((a, i) => Math.max(a.size, reach[i] - 2 * padding[i]))];
  const options = { kernelSize: axes.map((a) => a.kernel), stride: axes.map((a) => a.stride), padding, ceilMode };
  const one = axes.length === 1;
  return {
    shape,
    pool: (x) =>
      kind === "max"
        ? (one ? maxPool1d : maxPool2d)(x, { ...options, dilation })
        : (one ? avgPool1d : avgPool2d)(x, { ...options, countIncludePad }),
  };
}

/** A tensor of the pooled shape, made of the second input's first elements. */
function like(pooled: Tensor, source: Tensor): Tensor {
  return source
    .flatten()
    .slice([{ end: pooled.size }])
    .reshape(pooled.shape);
}

function withCotangent(
  { shape, pool }: Pool,
  build: (x: Tensor, pooled: Tensor, cotangent: Tensor) => Tensor,
): DescribedSample {
  // No pool with padding of at most half a window has more results than this.
  const room = shape.map((extent, i) => (i < 2 ? extent : extent + 2));
  return {
    shapes: [shape, room],
    build: ([x, source]) => {
      const pooled = pool(x);
      return build(x, pooled, like(pooled, source));
    },
  };
}

export const poolingSamples: readonly OpSamples[] = [
  opSamples("maxPool", description, (drawn) => {
    const { shape, pool } = poolOf(drawn, "max");
    return { shapes: [shape], build: ([x]) => pool(x) };
  }),
  opSamples("maxPoolGradient", description, (drawn) =>
    withCotangent(poolOf(drawn, "max"), (x, pooled, cotangent) => vjp(pooled, x, cotangent)),
  ),
  opSamples("maxPoolSelect", description, (drawn) =>
    withCotangent(poolOf(drawn, "max"), (x, pooled, cotangent) =>
      grad(sum(multiply(vjp(pooled, x, cotangent), x)), cotangent),
    ),
  ),
  opSamples("averagePool", description, (drawn) => {
    const { shape, pool } = poolOf(drawn, "average");
    return { shapes: [shape], build: ([x]) => pool(x) };
  }),
  opSamples("averagePoolGradient", description, (drawn) =>
    withCotangent(poolOf(drawn, "average"), (x, pooled, cotangent) => vjp(pooled, x, cotangent)),
  ),
];
