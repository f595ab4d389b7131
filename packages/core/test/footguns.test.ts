/** The six rules of capture, each with the mistake it catches and the way out. */
import { openCpu } from "@sconce/backend-cpu";
import "@sconce/backend-cpu/register";
import {
  apply,
  type Backend,
  CaptureError,
  compile,
  defineOp,
  grad,
  isTraining,
  mean,
  memoryUse,
  openBackend,
  Param,
  RandomState,
  randomBernoulli,
  randomUniform,
  SconceError,
  scalar,
  setSeed,
  type Tensor,
  tensor,
  training,
  Variable,
  where,
  withBackend,
  zeros,
} from "@sconce/core";
import { beforeAll, describe, expect, it } from "vitest";

const x = tensor([1, 2, 3]);

beforeAll(async () => {
  await openBackend("cpu");
});

async function message(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    expect(error).toBeInstanceOf(SconceError);
    return (error as Error).message;
  }
  throw new Error("expected an error");
}

/** Every capture error shows the wrong code and the right one. */
function expectLesson(text: string): void {
  expect(text).toMatch(/wrong: .*\n\s+right: /);
}

describe("rule 1: what changes outside must be an input", () => {
  it("catches a counter at the first call", async () => {
    let count = 1;
    const step = compile((t: Tensor) => t.mul(++count));
    const text = await message(() => step(x));
    expectLesson(text);
    expect(text).toContain('full({shape:[],dtype:"float32",value:2})');
    expect(text).toContain("footguns.test.ts");
  });

  it("catches Math.random", async () => {
    expectLesson(await message(() => compile((t: Tensor) => t.add(Math.random()))(x)));
  });

  it("catches a number that the caller changes between calls", async () => {
    let rate = 0.1;
    const step = compile((t: Tensor) => t.mul(rate));
    await step(x);
    rate = 0.05;
    expectLesson(await message(() => step(x)));
  });

  it("takes the number as an input instead", async () => {
    const step = compile((t: Tensor, rate: Tensor) => t.mul(rate));
    expect(await (await step(x, scalar(2))).array()).toEqual([2, 4, 6]);
    expect(await (await step(x, scalar(3))).array()).toEqual([3, 6, 9]);
  });

  it("catches a batch that is closed over", async () => {
    let batch = tensor([1, 2]);
    const step = compile(() => batch.sum());
    await step();
    batch = tensor([3, 4]);
    const text = await message(() => step());
    expectLesson(text);
    expect(text).toContain("closes over");
  });

  it("keeps a closed-over constant that does not change", async () => {
    const weights = tensor([1, 10, 100]);
    const step = compile((t: Tensor) => t.mul(weights).add(tensor([1, 1, 1])));
    for (let i = 0; i < 4; i++) expect(await (await step(x)).array()).toEqual([2, 21, 301]);
  });

  it("refuses a number as an argument, and as a result", async () => {
    const step = compile((t: Tensor, rate: Tensor) => t.mul(rate));
    expectLesson(await message(() => (step as unknown as (t: Tensor, rate: number) => Promise<Tensor>)(x, 0.1)));
    expectLesson(await message(() => compile((t: Tensor) => ({ loss: t.sum(), epoch: 3 }))(x)));
  });
});

describe("rule 2: mode, shapes and dtypes are part of the program's key", () => {
  it("makes a program per mode", async () => {
    const step = compile((t: Tensor) => (isTraining() ? t.mul(2) : t));
    expect(await (await step(x)).array()).toEqual([1, 2, 3]);
    expect(await (await training(() => step(x))).array()).toEqual([2, 4, 6]);
    expect(step.programs()).toHaveLength(2);
  });

  it("makes a program per shape, dtype and static argument", async () => {
    const step = compile((t: Tensor, double: boolean) => (double ? t.mul(2) : t.mul(1.5)));
    await step(x, true);
    await step(x, false);
    await step(tensor([1, 2]), true);
    await step(tensor([1, 2, 3], { dtype: "float64" }), true);
    await step(x, true);
    expect(step.programs()).toHaveLength(4);
  });

  it("refuses an asynchronous function, whose mode would end at its first await", async () => {
    expectLesson(await message(() => training(async () => 1)));
    expectLesson(await message(() => compile(async (t: Tensor) => t)(x)));
  });
});

describe("rule 3: values of a schedule live in variables", () => {
  it("follows a variable without a new program", async () => {
    const rate = new Variable({ shape: [], dtype: "float32" }, scalar(0.5));
    const step = compile((t: Tensor) => t.mul(rate.value));
    expect(await (await step(x)).array()).toEqual([0.5, 1, 1.5]);
    rate.assign(scalar(2));
    expect(await (await step(x)).array()).toEqual([2, 4, 6]);
    rate.assign(rate.value.mul(2));
    expect(await (await step(x)).array()).toEqual([4, 8, 12]);
    expect(step.programs()).toHaveLength(1);
  });

  it("names the variable where a plain number was used as one", async () => {
    let rate = 1;
    const step = compile((t: Tensor) => t.mul(rate));
    await step(x);
    rate = 2;
    const text = await message(() => step(x));
    expectLesson(text);
    expect(text).toContain("Variable");
  });
});

describe("rule 4: results own their storage", () => {
  it("keeps a result through later replays", async () => {
    const step = compile((t: Tensor) => t.add(1));
    const first = await step(x);
    for (let i = 0; i < 5; i++) await step(tensor([7, 8, 9]));
    expect(await first.array()).toEqual([2, 3, 4]);
  });

  it("returns an argument or a repeated result as copies", async () => {
    const step = compile((t: Tensor) => {
      const y = t.mul(2);
      return { same: t, once: y, again: y };
    });
    const { same, once, again } = await step(x);
    once.dispose();
    expect(await same.array()).toEqual([1, 2, 3]);
    expect(await again.array()).toEqual([2, 4, 6]);
    expect(await x.array()).toEqual([1, 2, 3]);
  });

  it("says so when a disposed result is used", async () => {
    const step = compile((t: Tensor) => t.add(1));
    const result = await step(x);
    result.dispose();
    expectLesson(await message(() => result.add(1).data()));
  });

  it("says so when a placeholder escapes", async () => {
    let inside: Tensor | undefined;
    await compile((t: Tensor) => {
      inside = t.mul(2);
      return inside.sum();
    })(x);
    expectLesson(await message(() => inside?.data()));
  });

  it("says so when a value is read while tracing", async () => {
    const step = compile((t: Tensor) => (t.sum().itemSync() > 1 ? t : t.neg()));
    expectLesson(await message(() => step(x)));
    const fixed = compile((t: Tensor) => where(t.sum().greater(1), t, t.neg()));
    expect(await (await fixed(x)).array()).toEqual([1, 2, 3]);
  });

  it("leaves the byte count flat over 1,000 steps without a dispose", async () => {
    const backend = openCpu();
    await withBackend(backend, async () => {
      const weight = new Param({ shape: [64, 64], dtype: "float32" }, zeros([64, 64]));
      const step = compile((t: Tensor) => {
        const loss = mean(t.matmul(weight.value).sub(1).square());
        weight.assign(weight.value.sub(grad(loss, weight).mul(0.1)));
        return loss;
      });
      const batch = randomUniform([16, 64], { seed: 1 });
      const use: [number, number][] = [];
      for (let i = 0; i < 1000; i++) {
        const loss = await step(batch);
        expect(Number.isFinite(await loss.item())).toBe(true);
        if (i % 100 === 99) use.push([memoryUse(backend).bytes, memoryUse(backend).buffers]);
      }
      expect(new Set(use.map(String)).size).toBe(1);
    });
  });
});

describe("rule 5: a variable changes only after every read of its old value", () => {
  it("swaps two variables", async () => {
    const a = new Variable({ shape: [2], dtype: "float32" }, tensor([1, 2]));
    const b = new Variable({ shape: [2], dtype: "float32" }, tensor([3, 4]));
    const swap = compile(() => {
      const before = a.value;
      a.assign(b.value);
      b.assign(before);
      return a.value.sum();
    });
    for (let i = 0; i < 3; i++) await swap();
    expect(await a.value.array()).toEqual([3, 4]);
    expect(await b.value.array()).toEqual([1, 2]);
  });

  it("reads the old value elsewhere after the assignment", async () => {
    const w = new Variable({ shape: [3], dtype: "float32" }, tensor([1, 2, 3]));
    const step = compile((t: Tensor) => {
      const old = w.value;
      w.assign(old.add(t));
      return old.flip().mul(10);
    });
    expect(await (await step(x)).array()).toEqual([30, 20, 10]);
    expect(await (await step(x)).array()).toEqual([60, 40, 20]);
    expect(await w.value.array()).toEqual([3, 6, 9]);
  });

  it("keeps a tensor of the old value that the user holds", async () => {
    const w = new Variable({ shape: [3], dtype: "float32" }, tensor([1, 2, 3]));
    const step = compile(() => {
      w.assign(w.value.mul(2));
      return w.value.sum();
    });
    await step();
    const held = w.value;
    await step();
    expect(await held.array()).toEqual([2, 4, 6]);
    expect(await w.value.array()).toEqual([4, 8, 12]);
  });

  it("leaves every variable as it was when a step throws", async () => {
    let fail = false;
    const fragile = defineOp<unknown>({
      name: "fragile",
      infer: ([t]) => ({ shape: t.shape, dtype: t.dtype }),
      routine:
        () =>
        ([input]) => {
          if (fail) throw new Error("the routine failed");
          return input;
        },
    });
    const a = new Variable({ shape: [3], dtype: "float32" }, tensor([1, 2, 3]));
    const b = new Variable({ shape: [3], dtype: "float32" }, tensor([5, 5, 5]));
    const step = compile((t: Tensor) => {
      a.assign(a.value.add(t));
      b.assign(apply(fragile, [b.value.mul(2)], undefined));
      return a.value.sum();
    });
    await step(x);
    fail = true;
    await expect(step(x)).rejects.toThrow("the routine failed");
    expect(await a.value.array()).toEqual([2, 4, 6]);
    expect(await b.value.array()).toEqual([10, 10, 10]);
    fail = false;
    await step(x);
    expect(await a.value.array()).toEqual([3, 6, 9]);
    expect(await b.value.array()).toEqual([20, 20, 20]);
  });

  it("leaves every variable as it was when the trace throws", async () => {
    const a = new Variable({ shape: [3], dtype: "float32" }, tensor([1, 2, 3]));
    const step = compile((t: Tensor) => {
      a.assign(a.value.add(t));
      return a.value.matmul(tensor([[1, 2]]));
    });
    await expect(step(x)).rejects.toThrow("matmul");
    expect(await a.value.array()).toEqual([1, 2, 3]);
  });

  it("lets at most two steps be in flight", async () => {
    const pending: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const cpu = openCpu();
    const slow: Backend = {
      ...(cpu as unknown as Backend),
      finish: () => {
        running++;
        most = Math.max(most, running);
        return new Promise<void>((resolve) => {
          pending.push(() => {
            running--;
            resolve();
          });
        });
      },
    };
    await withBackend(slow, async () => {
      const step = compile((t: Tensor) => t.add(1));
      const input = tensor([1, 2, 3]);
      const calls = Array.from({ length: 6 }, () => step(input));
      for (let i = 0; i < 12; i++) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        pending.shift()?.();
      }
      await Promise.all(calls);
    });
    expect(most).toBe(2);
  });
});

describe("rule 6: random numbers come from a counter", () => {
  it("draws anew at every replay, and the same for the same seed", async () => {
    const draw = async (): Promise<unknown[]> => {
      const generator = new RandomState(7);
      const step = compile((t: Tensor) =>
        t.mul(randomBernoulli([3], 0.5, { generator }).cast("float32")).add(randomUniform([3], { generator })),
      );
      const results: unknown[] = [];
      for (let i = 0; i < 4; i++) results.push(await (await step(x)).array());
      return results;
    };
    const [first, second] = [await draw(), await draw()];
    expect(first).toEqual(second);
    expect(new Set(first.map(String)).size).toBe(4);
  });

  it("refuses a fixed seed, which would give the same numbers every time", async () => {
    expectLesson(await message(() => compile((t: Tensor) => t.add(randomUniform([3], { seed: 1 })))(x)));
    expectLesson(
      await message(() =>
        compile((t: Tensor) => {
          setSeed(1);
          return t;
        })(x),
      ),
    );
  });
});

describe("other mistakes under compile", () => {
  it("refuses a compiled function inside another", async () => {
    const inner = compile((t: Tensor) => t.add(1));
    expectLesson(
      await message(() =>
        compile((t: Tensor) => {
          void inner(t).catch(() => {});
          return inner(t) as unknown as Tensor;
        })(x),
      ),
    );
  });

  it("is a CaptureError that callers can tell apart", async () => {
    await expect(compile(async (t: Tensor) => t)(x)).rejects.toBeInstanceOf(CaptureError);
  });
});
