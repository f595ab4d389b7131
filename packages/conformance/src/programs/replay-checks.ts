/** A program replayed is a program run anew: nothing is left over in its slots, and its results are nobody else's. */
import {
  compile,
  conv2d,
  fromHost,
  grad,
  type HostArray,
  matmul,
  softmax,
  sort,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import type { BackendCheck } from "../check.ts";
import { requireDType } from "../check.ts";
import { expectClose } from "../compare.ts";
import { Random } from "../random.ts";
import { tensorsOf } from "../samples/op-sample.ts";
import { poisoned } from "../wrap-backend.ts";

type Numbers = Awaited<ReturnType<Tensor["data"]>>;
type Program = (...inputs: Tensor[]) => Tensor[];

/** Forward and backward through convolution, reductions, a sort on the host and a matrix product. */
const program: Program = (x, kernels, weight) => {
  const features = conv2d(x, kernels, { padding: 1, stride: 2 }).relu();
  const pooled = sort(features.mean({ axes: [2, 3] }));
  const loss = softmax(matmul(pooled, weight)).square().sum();
  return [loss, features, ...grad(loss, [kernels, weight])];
};

function inputsOf(random: Random): HostArray[] {
  return [
    [2, 2, 5, 5],
    [3, 2, 3, 3],
    [3, 4],
  ].map((shape) => random.array(shape, "float32"));
}

async function numbersOf(tensors: readonly Tensor[]): Promise<Numbers[]> {
  const values: Numbers[] = [];
  for (const result of tensors) values.push(await result.data());
  return values;
}

function expectSame(actual: readonly Numbers[], expected: readonly Numbers[], what: string): void {
  expected.forEach((values, i) => {
    expectClose(actual[i], values, 0, (element) => `${what}, result ${i}, element ${element}`);
  });
}

export const replayChecks: readonly BackendCheck[] = [
  {
    name: "5 replays equal 5 fresh runs, whatever memory held before",
    run: async (backend) => {
      const draws = Array.from({ length: 5 }, (_, seed) => inputsOf(new Random(seed)));
      const replayed = await withBackend(poisoned(backend), async () => {
        const step = compile(program);
        const results: Numbers[][] = [];
        for (const inputs of draws) results.push(await numbersOf(await step(...tensorsOf(inputs))));
        step.dispose();
        return results;
      });
      for (const [turn, inputs] of draws.entries()) {
        const fresh = await withBackend(poisoned(backend), async () =>
          numbersOf(await compile(program)(...tensorsOf(inputs))),
        );
        expectSame(replayed[turn], fresh, `replay ${turn}`);
        const poison = fresh.findIndex((values) => values.some(Number.isNaN));
        if (poison >= 0) throw new Error(`run ${turn}, result ${poison}: memory was read before it was written.`);
      }
    },
  },
  {
    name: "results own their storage: later replays do not change them",
    run: (backend) =>
      withBackend(backend, async () => {
        const step = compile(program);
        const draws = Array.from({ length: 4 }, (_, seed) => inputsOf(new Random(seed)));
        const immediately: Numbers[][] = [];
        for (const inputs of draws) immediately.push(await numbersOf(await step(...tensorsOf(inputs))));
        const kept: Tensor[][] = [];
        for (const inputs of draws) kept.push(await step(...tensorsOf(inputs)));
        for (const [turn, results] of kept.entries())
          expectSame(await numbersOf(results), immediately[turn], `kept result ${turn}`);
        step.dispose();
      }),
  },
  {
    name: "an input, or one tensor twice, may be a result",
    run: (backend) =>
      withBackend(backend, async () => {
        const step = compile((x: Tensor) => {
          const y = x.add(1);
          return [x, y, y, y.reshape([2, 1])];
        });
        const first = await step(tensor([1, 2]));
        const second = await step(tensor([10, 20]));
        for (const result of first.slice(0, 2)) result.dispose();
        expectSame(await numbersOf(first.slice(2)), [new Float32Array([2, 3]), new Float32Array([2, 3])], "first call");
        const expected = [
          [10, 20],
          [11, 21],
          [11, 21],
          [11, 21],
        ].map((values) => new Float32Array(values));
        expectSame(await numbersOf(second), expected, "second call");
        step.dispose();
      }),
  },
  {
    name: "programs of one backend share its pool without sharing values",
    run: (backend) =>
      withBackend(backend, async () => {
        const steps = [1, 2, 3].map((factor) => compile((x: Tensor) => sort(x.mul(factor)).add(x).sum()));
        for (let turn = 0; turn < 4; turn++) {
          for (const [i, step] of steps.entries()) {
            const result = await (await step(tensor([turn, 2, 3]))).item();
            expectClose([result], [(turn + 5) * (i + 2)], 1e-5, () => `program ${i}, turn ${turn}`);
          }
        }
        for (const step of steps) step.dispose();
      }),
  },
  {
    name: "a value does not take over the buffer of one with smaller elements",
    run: (backend) => {
      requireDType(backend, "uint8");
      return withBackend(backend, async () => {
        // A maximum and the argument of a sort have buffers of their own: 16 elements of 1 byte, and 4 of 4.
        const step = compile((x: Tensor) => sort(x.max({ axes: 1 }).narrow(0, 0, 4).cast("float32").add(0.5)));
        const bytes = fromHost({
          shape: [16, 2],
          dtype: "uint8",
          data: Uint8Array.from({ length: 32 }, (_, i) => i >> 1),
        });
        expectSame([await (await step(bytes)).data()], [new Float32Array([0.5, 1.5, 2.5, 3.5])], "widened");
        step.dispose();
      });
    },
  },
  {
    name: "a value does not take over a buffer that is read out of order",
    run: (backend) =>
      withBackend(backend, async () => {
        const step = compile((x: Tensor) => {
          const sums = x.sum({ axes: 1 });
          return sort(sums.add(sums.flip().mul(10)));
        });
        const x = tensor([
          [0, 1],
          [1, 1],
          [1, 2],
          [2, 2],
        ]);
        expectSame([await (await step(x)).data()], [new Float32Array([14, 23, 32, 41])], "mixed");
        step.dispose();
      }),
  },
  {
    name: "empty tensors pass through programs",
    run: (backend) =>
      withBackend(backend, async () => {
        const step = compile((x: Tensor) => [
          x.mul(2),
          x.sum({ axes: 0 }),
          matmul(x.transpose(), x),
          sort(x, { axis: 0 }).add(1),
        ]);
        const results = await step(tensor(new Float32Array(0), { shape: [0, 2] }));
        expectSame(
          await numbersOf(results),
          [[], [0, 0], [0, 0, 0, 0], []].map((values) => new Float32Array(values)),
          "empty",
        );
        step.dispose();
      }),
  },
];
