/** Variables change once per step, after every read of their old values, and memory stays flat. */
import {
  type Backend,
  compile,
  detach,
  evaluateAll,
  grad,
  memoryUse,
  sort,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import type { BackendCheck } from "../check.ts";
import { expectClose } from "../compare.ts";
import { wrapBackend } from "../wrap-backend.ts";
import { expectValues, param } from "./parameters.ts";

/** `backend`, keeping count of the buffers that it has handed out. */
function countingBuffers(backend: Backend): { readonly counting: Backend; readonly live: ReadonlySet<unknown> } {
  const live = new Set<unknown>();
  const counting = wrapBackend(backend, {
    allocate: (byteLength: number): unknown => {
      const buffer = backend.allocate(byteLength);
      live.add(buffer);
      return buffer;
    },
    release: (buffer: unknown): void => {
      live.delete(buffer);
      backend.release(buffer);
    },
  });
  return { counting, live };
}

export const stateChecks: readonly BackendCheck[] = [
  {
    name: "variables change after every read of their old values",
    run: (backend) =>
      withBackend(backend, async () => {
        const [a, b, c] = [param([1, 2, 3]), param([10, 20, 30]), param([0, 0, 0])];
        const step = compile(() => {
          const [oldA, oldB] = [a.value, b.value];
          a.assign(oldB);
          b.assign(oldA.flip());
          // Reads the new values, and the old ones through shifted positions.
          c.assign(c.value.roll(1).add(a.value).add(oldA.roll(1)));
          return [oldA, a.value, b.value];
        });
        const first = await step();
        await step();
        expectClose(await first[0].data(), [1, 2, 3], 0, (i) => `the old value, element ${i}`);
        expectClose(await first[1].data(), [10, 20, 30], 0, (i) => `the new value, element ${i}`);
        await expectValues(a, [3, 2, 1], "a after two swaps");
        await expectValues(b, [30, 20, 10], "b after two swaps");
        await expectValues(c, [65, 25, 42], "c after two steps");
        step.dispose();
      }),
  },
  {
    name: "a value that someone holds outlives the steps that replace it",
    run: (backend) =>
      withBackend(backend, async () => {
        const weight = param([1, 2]);
        const step = compile((x: Tensor) => {
          weight.assign(weight.value.mul(2));
          return x.add(0).sum();
        });
        const initial = weight.value;
        await step(weight.value);
        const [held, detached] = [weight.value, await detach(weight.value)];
        for (let turn = 0; turn < 3; turn++) await step(held);
        expectClose(await initial.data(), [1, 2], 0, (i) => `the first value, element ${i}`);
        expectClose(await held.data(), [2, 4], 0, (i) => `the value held, element ${i}`);
        expectClose(await detached.data(), [2, 4], 0, (i) => `the detached value, element ${i}`);
        await expectValues(weight, [16, 32], "the variable");
        step.dispose();
      }),
  },
  {
    name: "a tensor may be assigned to two variables and be used afterwards",
    run: (backend) =>
      withBackend(backend, async () => {
        // Large enough to stay on the backend.
        const size = 20_000;
        const x = tensor(new Float32Array(size).fill(3));
        const y = x.mul(x);
        await evaluateAll(y);
        const [a, b] = [param(new Array(size).fill(0)), param(new Array(size).fill(0))];
        a.assign(y);
        b.assign(y);
        const step = compile(() => {
          a.assign(a.value.mul(2));
          b.assign(b.value.add(1));
          return a.value.sum();
        });
        for (let turn = 0; turn < 2; turn++) await step();
        const slope = grad(y.sum(), x);
        for (const [tensor, expected] of [
          [a.value, 36],
          [b.value, 11],
          [y, 9],
          [slope, 6],
        ] as const) {
          expectClose((await tensor.data()).slice(0, 3), [expected, expected, expected], 0, () => `${tensor}`);
        }
        step.dispose();
      }),
  },
  {
    name: "200 steps take no more bytes than 10",
    run: async (backend) => {
      const { counting, live } = countingBuffers(backend);
      const uses: { readonly bytes: number; readonly buffers: number }[] = [];
      await withBackend(counting, async () => {
        const weight = param([1, 2, 3]);
        const step = compile((x: Tensor) => {
          weight.assign(weight.value.mul(0.9).add(x.sum()));
          return sort(weight.value.square()).sum();
        });
        for (let turn = 1; turn <= 200; turn++) {
          using x = tensor([turn, 1]);
          await (await step(x)).item();
          if (turn !== 10 && turn !== 200) continue;
          await collectGarbage();
          uses.push({ bytes: memoryUse(counting).bytes, buffers: live.size });
        }
        step.dispose();
      });
      const [early, late] = uses;
      // Fewer is fine: the collector may not have taken the initial value before.
      if (late.bytes > early.bytes || late.buffers > early.buffers) {
        throw new Error(
          `after 10 steps ${early.bytes} bytes are in use, in ${early.buffers} buffers; after 200 ${late.bytes}, in ${late.buffers}.`,
        );
      }
    },
  },
];

/** Lets the collector, where it can be called, and the finalizers run: the values before the first step are theirs. */
async function collectGarbage(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
