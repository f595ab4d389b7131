/** The backend as core sees it: buffers, options, profiles, memory, and the end. */
import { openWasm } from "@sconce/backend-wasm";
import "@sconce/backend-wasm/register";
import {
  type Backend,
  compile,
  grad,
  openBackend,
  Param,
  profile,
  randomNormal,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import { describe, expect, it } from "vitest";

/** Runs `fn` on a backend of its own. */
async function using<Result>(
  options: Parameters<typeof openWasm>[0],
  fn: (backend: Backend) => Promise<Result>,
): Promise<Result> {
  const backend = (await openWasm(options)) as Backend;
  try {
    return await withBackend(backend, () => fn(backend));
  } finally {
    await backend.close?.();
  }
}

describe("the wasm backend", () => {
  it("is known by its name once it is registered", async () => {
    expect((await openBackend("wasm")).name).toBe("wasm");
  });

  it("writes and reads buffers, at once or later", async () => {
    await using({ threads: 2 }, async (backend) => {
      const buffer = backend.allocate(8);
      backend.write(buffer, Uint16Array.of(1, 2, 3, 4).subarray(1));
      expect([...new Uint16Array(await backend.read(buffer, 6))]).toEqual([2, 3, 4]);
      const read = backend.readSync?.(buffer, 4) as ArrayBuffer;
      expect(read).toBeInstanceOf(ArrayBuffer);
      expect([...new Uint16Array(read)]).toEqual([2, 3]);
    });
  });

  it("says how many threads it has, and why there are not more", async () => {
    await using({ threads: 1 }, async ({ capabilities }) => {
      expect(capabilities.threads).toEqual({ count: 1, reason: "one thread was asked for" });
    });
    await using({ threads: 2 }, async ({ capabilities }) => {
      expect(capabilities.threads).toEqual({ count: 2 });
    });
  });

  it("computes the same bits with any number of threads", async () => {
    const results = await Promise.all(
      [1, 2, 3].map((threads) =>
        using({ threads }, async () => {
          const step = compile((x: Tensor) => x.transpose().matmul(x).exp().sum({ axes: 0 }));
          const x = tensor(
            Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
            { shape: [64, 64] },
          );
          return (await step(x)).data();
        }),
      ),
    );
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it("compiles a kernel when it first runs, which profiles keep apart", async () => {
    await using({ threads: 1 }, async () => {
      const step = compile((x: Tensor) => x.mul(2).sum());
      const x = randomNormal([10]);
      const [first, second] = [await profile(() => step(x)), await profile(() => step(x))];
      expect(first.toString()).toMatch(/\(compiling\) +\d+\.\d\d/);
      expect(first.compileMilliseconds).toBeGreaterThan(0);
      expect(second.compileMilliseconds).toBe(0);
    });
  });

  it("names what was asked for, what is in use, the limit, and the program's need when memory runs out", async () => {
    await using({ threads: 1, maximumBytes: 4 * 2 ** 20 }, async () => {
      const x = tensor(new Float32Array(2 ** 18));
      const step = compile((x: Tensor) => {
        const y = x.sub(x.mean()).tanh();
        return [y.div(y.max()).sum(), y.mul(y.min()).matmul(y)];
      });
      const small = compile((x: Tensor) => x.sum());
      expect(await (await small(x)).item()).toBe(0);
      const wide = compile((x: Tensor) =>
        x
          .reshape([-1, 1])
          .broadcastTo([2 ** 18, 4])
          .add(1),
      );
      await expect(wide(x)).rejects.toThrow(/wasm: out of memory: 4194304 more bytes .* with \d+ in use, .* 4194304/);
      expect(await (await small(x)).item()).toBe(0);
      await step(x).catch(({ message }: Error) => expect(message).toMatch(/The program needs \d+ bytes in all/));
    });
  });

  it.each([1, 2])(
    "uses no more memory after a thousand steps of training than after ten, with %i threads",
    async (threads) => {
      const backend = (await openWasm({ threads })) as Backend;
      const live = new Map<unknown, number>();
      const counting: Backend = {
        ...backend,
        allocate: (byteLength) => {
          const buffer = backend.allocate(byteLength);
          live.set(buffer, byteLength);
          return buffer;
        },
        release: (buffer) => {
          live.delete(buffer);
          backend.release(buffer);
        },
      };
      const bytes = (): number => [...live.values()].reduce((a, b) => a + b, 0);
      await withBackend(counting, async () => {
        const weights = [
          [5, 7],
          [7, 13],
        ].map((shape) => {
          const values = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(3 * i * i) / 4);
          return new Param({ shape, dtype: "float32" }, tensor(values, { shape }));
        });
        const step = compile((x: Tensor) => {
          const loss = x.matmul(weights[0].value).tanh().matmul(weights[1].value).square().mean();
          const gradients = grad(loss, weights);
          for (const [i, weight] of weights.entries()) weight.assign(weight.value.sub(gradients[i].mul(0.05)));
          return loss;
        });
        const losses: number[] = [];
        let early = 0;
        for (let i = 0; i < 1000; i++) {
          const x = tensor(
            Float32Array.from({ length: 40 }, (_, j) => Math.sin(j * j + i)),
            { shape: [8, 5] },
          );
          losses.push(await (await step(x)).item());
          x.dispose();
          if (i === 10) early = bytes();
        }
        expect(losses[999]).toBeLessThan(losses[0]);
        expect(bytes()).toBe(early);
      });
      await backend.close?.();
    },
  );

  it("refuses to work once it is closed", async () => {
    const backend = await openWasm({ threads: 2 });
    const step = compile((x: Tensor) => x.add(1));
    const x = tensor([1, 2, 3]);
    const y = await withBackend(backend, () => step(x));
    await backend.close?.();
    await backend.close?.();
    for (const use of [() => withBackend(backend, () => step(x)), () => y.data()])
      await expect(use()).rejects.toThrow(/this backend is closed; open another one with openWasm\(\)/);
    y.dispose();
  });
});
