/** Gradients of rectifiers that read their result, alone and inside a pool's gradient, against programs left as they come. */
import { openNative } from "@sconce/backend-native";
import {
  type Backend,
  compile,
  conv2d,
  maxPool2d,
  type OpRequest,
  relu,
  type Tensor,
  tensor,
  vjp,
  withBackend,
} from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";

/** Coarse numbers, so that windows have several maxima and sums are 0, with a NaN and infinities. */
function values(shape: readonly number[], step: number, finite = false): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, (_, i) => Math.round(3 * Math.sin(i * step)));
  if (size > 100 && !finite) {
    data[Math.floor(size / 3)] = Number.NaN;
    data[Math.floor(size / 2)] = Number.NEGATIVE_INFINITY;
    data[Math.floor(size / 4)] = Number.POSITIVE_INFINITY;
  }
  return tensor(data, { shape });
}

interface Case {
  readonly title: string;
  readonly program: (...inputs: Tensor[]) => Tensor;
  readonly shapes: readonly (readonly number[])[];
  /** Inputs of nests that end in a choice, and pool gradients that were joined with one. */
  readonly choices?: number;
  readonly pools?: number;
  /** Without NaN, which oneDNN's rectifiers lose in programs that do not train. */
  readonly finite?: boolean;
}

const cases: readonly Case[] = [
  { title: "a bias", program: (x, b) => relu(x.matmul(x).add(b)), shapes: [[20, 20], [20]], choices: 2 },
  { title: "an expression", program: (x, b) => relu(x.exp().mul(b).sub(b)), shapes: [[7, 33], [33]] },
  {
    title: "two rectifiers of one value",
    program: (x, b) => relu(x.matmul(x).add(b)).mul(relu(x.matmul(x).add(b.mul(2)))),
    shapes: [[20, 20], [20]],
  },
  {
    title: "squares of a pool",
    program: (x, b) => maxPool2d(relu(x.add(b)), { kernelSize: 2 }),
    shapes: [[2, 3, 9, 11], [11]],
    pools: 1,
  },
  {
    title: "windows that overlap",
    program: (x, b) => maxPool2d(relu(x.add(b)), { kernelSize: 3, stride: 2, padding: 1 }),
    shapes: [[1, 17, 8, 7], [7]],
    pools: 1,
  },
  {
    title: "squares behind a convolution",
    program: (x, w, b) => maxPool2d(relu(conv2d(x, w, { bias: b })), { kernelSize: 2 }),
    shapes: [[3, 2, 9, 8], [20, 2, 3, 3], [20]],
    pools: 1,
    finite: true,
  },
  {
    title: "squares of images side by side",
    program: (x, w, b) => maxPool2d(relu(conv2d(x, w, { bias: b })), { kernelSize: 2 }),
    shapes: [[16, 2, 9, 8], [5, 2, 3, 3], [5]],
    pools: 1,
  },
  {
    title: "a pool whose gradient is read twice",
    program: (x, b) => {
      const y = x.add(b);
      return maxPool2d(relu(y), { kernelSize: 2 }).add(maxPool2d(y, { kernelSize: 2 }));
    },
    shapes: [[2, 3, 8, 8], [8]],
  },
];

test.runIf(testsNative).each(cases)("$title", async ({ program, shapes, choices, pools, finite }) => {
  const requests: OpRequest[] = [];
  const nests: number[] = [];
  const run = async (native: Backend): Promise<Float32Array[]> => {
    const watched: Backend = {
      ...native,
      ...(native.optimize && {
        optimize: (draft, claim) => {
          const optimized = native.optimize!(draft, claim);
          for (const { work, inputs } of optimized.nodes) {
            if (work.kind === "claim") requests.push(work.request);
            if (work.kind !== "nest") continue;
            const last = work.nest.body.at(-1);
            if (last?.kind === "apply" && last.operator === "where") nests.push(inputs.length);
          }
          return optimized;
        },
      }),
    };
    const inputs = shapes.map((shape, i) => values(shape, 0.7 + i, finite));
    const results = await withBackend(watched, () => {
      const step = compile((...given: Tensor[]) => {
        const y = program(...given);
        return [y, ...vjp(y, given, y.add(1))];
      });
      return step(...inputs);
    });
    return Promise.all(results.map(async (each) => (await each.data()) as Float32Array));
  };
  const ours = await run(await openNative({ threads: 2 }));
  const theirs = await run(await openNative({ threads: 2, claims: false }));
  ours.forEach((result, i) => {
    result.forEach((value, at) => {
      if (!Object.is(value + 0, theirs[i][at] + 0)) expect(value, `result ${i} at ${at}`).toBeCloseTo(theirs[i][at], 4);
    });
  });
  if (choices !== undefined) expect(nests).toEqual([choices]);
  const joined = requests.filter(({ attributes }) => (attributes as { rectified?: boolean }).rectified);
  if (pools !== undefined) expect(joined.length).toBe(pools);
});
