import { openCpu } from "@sconce/backend-cpu";
import "@sconce/backend-cpu/register";
import {
  type Backend,
  compile,
  detectAnomaly,
  evaluateAll,
  grad,
  log,
  memoryUse,
  openBackend,
  Param,
  profile,
  randomNormal,
  Stat,
  scalar,
  tensor,
  Variable,
  withBackend,
  zeros,
} from "@sconce/core";
import { beforeAll, describe, expect, it, vi } from "vitest";

let cpu: Backend;

beforeAll(async () => {
  cpu = await openBackend("cpu");
});

describe("evaluation", () => {
  it("computes a pending graph once and keeps its value", async () => {
    const y = tensor([1, 2]).add(1);
    expect(await y.data()).toEqual(new Float32Array([2, 3]));
    expect(y.source).toBeDefined();
    expect(await y.mul(2).array()).toEqual([4, 6]);
  });

  it("reads without waiting on a synchronous backend", () => {
    expect(scalar(3).add(4).itemSync()).toBe(7);
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ])
        .sum({ axes: 0 })
        .dataSync(),
    ).toEqual(new Float32Array([4, 6]));
  });

  it("evaluates many tensors in one program", async () => {
    const x = tensor([1, 2, 3]);
    const [a, b] = [x.add(1), x.mul(2)];
    const taken = await profile(() => evaluateAll(a, b));
    expect(taken.rows).toHaveLength(1);
    expect(taken.toString()).toMatch(/kernel +runs +ms/);
  });

  it("reuses the program of the turn before", async () => {
    const compiled = vi.fn(cpu.compile.bind(cpu));
    const counting: Backend = { ...cpu, compile: compiled };
    await withBackend(counting, async () => {
      for (let i = 0; i < 5; i++) expect(await tensor([i, 2]).mul(3).add(1).array()).toEqual([3 * i + 1, 7]);
    });
    expect(compiled).toHaveBeenCalledTimes(1);
  });

  it("returns copies that the caller may change", async () => {
    const x = tensor([1, 2, 3]);
    (await x.data())[0] = 99;
    expect(await x.array()).toEqual([1, 2, 3]);
    const y = x.add(0.5);
    (await y.data())[0] = 99;
    expect(await y.array()).toEqual([1.5, 2.5, 3.5]);
  });

  it("gives back the buffer of a small result that was read", async () => {
    const backend = openCpu();
    await withBackend(backend, async () => {
      for (let i = 0; i < 50; i++) await tensor([i]).add(1).item();
    });
    // What remains are uploaded inputs that the collector has not seen yet; results are gone.
    expect(memoryUse(backend).buffers).toBeLessThanOrEqual(50);
  });
});

describe("detach", () => {
  it("shares the value: reading or disposing of one tensor leaves the other", async () => {
    const x = tensor([1, 2]).add(1);
    const detached = await x.detach();
    expect(detached.inputs).toEqual([]);
    expect(await x.array()).toEqual([2, 3]);
    x.dispose();
    expect(await detached.mul(2).array()).toEqual([4, 6]);
  });
});

describe("variables", () => {
  it("assigns outside compile, computed with the next evaluation", async () => {
    const v = new Variable({ shape: [2], dtype: "float32" }, tensor([1, 2]));
    for (let i = 0; i < 3; i++) v.assign(v.value.mul(2));
    expect(await v.value.array()).toEqual([8, 16]);
  });

  it("trains outside compile", async () => {
    const w = new Param({ shape: [2, 1], dtype: "float32" }, zeros([2, 1]));
    const x = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const t = x.matmul(tensor([[2], [-1]]));
    let last = 0;
    for (let i = 0; i < 500; i++) {
      const loss = x.matmul(w.value).sub(t).square().mean();
      w.assign(w.value.sub(grad(loss, w).mul(0.02)));
      last = await loss.item();
    }
    expect(last).toBeLessThan(0.05);
  });

  it("makes the initial value when it is first needed", async () => {
    const initial = vi.fn(() => tensor([5]));
    const v = new Stat({ shape: [1], dtype: "float32" }, initial);
    expect(v.initialized).toBe(false);
    expect(initial).not.toHaveBeenCalled();
    expect(await v.value.array()).toEqual([5]);
    expect(await v.value.add(1).array()).toEqual([6]);
    expect(initial).toHaveBeenCalledTimes(1);
  });

  it("refuses another shape or dtype, and names itself", () => {
    const v = new Param({ shape: [2], dtype: "float32" }, tensor([1, 2]), "layer1.weight");
    expect(() => v.assign(tensor([1, 2, 3]))).toThrow(/Param\(layer1\.weight, float32 \[2\]\) was given shape \[3\]/);
    expect(() => v.assign(tensor([1, 2], { dtype: "int32" }))).toThrow(/was given int32.*cast\("float32"\)/);
  });

  it("keeps its buffer when a tensor of it is disposed", async () => {
    const v = new Variable({ shape: [2], dtype: "float32" }, tensor([1, 2]).mul(2));
    await v.value.data();
    expect(() => v.value.dispose()).toThrow(/value of Variable/);
  });
});

describe("backends", () => {
  it("moves tensors, and refuses to mix backends", async () => {
    const other = openCpu({ generateCode: false });
    const here = tensor([1, 2]).add(1);
    await here.data();
    const there = await here.to(other as unknown as Backend);
    expect(await there.mul(2).array()).toEqual([4, 6]);
    const held = randomNormal([200, 200], { seed: 1 });
    await evaluateAll(held);
    await expect(there.add(held.sum()).data()).rejects.toThrow(/lives on backend cpu.*x\.to\(backend\)/s);
  });

  it("moves a variable by assigning what was moved", async () => {
    const other = openCpu() as unknown as Backend;
    const w = new Variable({ shape: [2], dtype: "float32" }, tensor([1, 2]));
    const double = compile(() => {
      w.assign(w.value.mul(2));
      return w.value.sum();
    });
    await double();
    await expect(withBackend(other, () => double())).rejects.toThrow(
      /Variable\(unnamed, float32 \[2\]\) lives on backend cpu/,
    );
    w.assign(await w.value.to(other));
    expect(await tensor([1]).add(1).array()).toEqual([2]);
    await withBackend(other, () => double());
    expect(await w.value.array()).toEqual([4, 8]);
  });

  it("runs without code generation", async () => {
    await withBackend(openCpu({ generateCode: false }) as unknown as Backend, async () => {
      const x = tensor([
        [1, 2],
        [3, 4],
      ]);
      for (const total of await x.softmax(0).sum({ axes: 0 }).data()) expect(total).toBeCloseTo(1, 6);
    });
  });

  it("names a dtype that the backend cannot hold", async () => {
    const small: Backend = { ...cpu, name: "small", capabilities: { ...cpu.capabilities, dtypes: ["float32"] } };
    await withBackend(small, async () => {
      await expect(tensor([1], { dtype: "float64" }).add(1).data()).rejects.toThrow(
        /backend small cannot hold float64.*cast\("float32"\)/s,
      );
    });
  });
});

describe("detectAnomaly", () => {
  it("names the first op that made a NaN, and where it was called", async () => {
    const x = tensor([1, -1, 2]);
    await expect(
      detectAnomaly(async () => {
        const y = log(x).add(1).mul(2);
        return y.sum().item();
      }),
    ).rejects.toThrow(
      /detectAnomaly: log\(float32 \[3\]\) made NaN at element 1 of \[3\], called at .*evaluate\.test\.ts:\d+/,
    );
  });

  it("looks inside compiled functions, and passes what is finite", async () => {
    const step = compile((t: ReturnType<typeof tensor>) => t.div(t.sub(1)).sum());
    await expect(detectAnomaly(() => step(tensor([2, 1])))).rejects.toThrow(/divide.*made Infinity/);
    const fine = await detectAnomaly(() => step(tensor([2, 3])));
    expect(await fine.item()).toBe(3.5);
  });
});
