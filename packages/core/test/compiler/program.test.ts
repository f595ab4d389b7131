/** What graphs become: how many kernels, what they read, and how much memory lies between them. */
import { openCpu } from "@sconce/backend-cpu";
import {
  type Backend,
  batchNormTraining,
  compile,
  exp,
  explain,
  full,
  grad,
  mean,
  openBackend,
  Param,
  type Program,
  randomNormal,
  relu,
  type Tensor,
  tensor,
  variance,
  withBackend,
  zeros,
} from "@sconce/core";
import "@sconce/backend-cpu/register";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(async () => {
  await openBackend("cpu");
});

/** A backend without hand-written kernels, so that everything is fused. */
const plain = openCpu({ claims: false }) as unknown as Backend;

async function programOf(fn: (...args: Tensor[]) => unknown, ...args: Tensor[]): Promise<Program> {
  return withBackend(plain, async () => {
    const compiled = compile(fn as (...args: Tensor[]) => Tensor);
    await compiled(...(await Promise.all(args.map((arg) => arg.to(plain)))));
    return compiled.programs()[0];
  });
}

const x = randomNormal([4, 6], { seed: 1 });

describe("fusion", () => {
  it("makes one kernel of an elementwise chain with movement in it", async () => {
    const { nodes } = await programOf(
      (t) =>
        exp(t.transpose().reshape([3, 8]).mul(2))
          .add(1)
          .slice([{ step: -1 }]),
      x,
    );
    expect(nodes).toHaveLength(1);
  });

  it("makes one kernel of a reduction and its epilogue", async () => {
    const { nodes } = await programOf((t) => relu(t.square().sum({ axes: 1 }).mul(0.5).add(1)), x);
    expect(nodes).toHaveLength(1);
  });

  it("computes sibling reductions in one pass", async () => {
    const { nodes } = await programOf(
      (t) => ({ sum: t.sum({ axes: 0 }), squares: t.square().sum({ axes: 0 }), largest: t.max({ axes: 0 }) }),
      x,
    );
    expect(nodes).toHaveLength(1);
    expect(nodes[0].outputs).toHaveLength(3);
  });

  it("updates weights and moments in one pass per parameter", async () => {
    await withBackend(plain, async () => {
      const cell = (): Param => new Param({ shape: [4, 6], dtype: "float32" }, zeros([4, 6]));
      const [w, m, v] = [cell(), cell(), cell()];
      const step = compile((g: Tensor) => {
        m.assign(m.value.mul(0.9).add(g.mul(0.1)));
        v.assign(v.value.mul(0.99).add(g.square().mul(0.01)));
        w.assign(w.value.sub(m.value.div(v.value.sqrt().add(1e-8))));
        return g.sum();
      });
      await step(await x.to(plain));
      const [{ nodes }] = step.programs();
      expect(nodes).toHaveLength(2);
      expect(nodes.map(({ outputs }) => outputs.length).sort()).toEqual([1, 3]);
      expect(explain(step)).toMatch(/out 1=in \d.*out 2=in \d.*out 3=in \d/);
    });
  });

  it("does not recompute an expensive tensor that is read many times", async () => {
    const { nodes } = await programOf(
      (a, b) => exp(a).unsqueeze(1).mul(exp(b)).sum({ axes: 2 }),
      x,
      randomNormal([5, 6], { seed: 2 }),
    );
    expect(nodes).toHaveLength(3);
  });

  it("makes cheap things again rather than storing them, once per kernel that wants them", async () => {
    const { nodes, values } = await programOf((t) => {
      const { output } = batchNormTraining(t);
      return { y: relu(output), g: grad(relu(output).square().sum(), t) };
    }, x);
    // Mean, deviation, result, the gradient behind the activation, its sums, the gradient of the input.
    expect(nodes.length).toBeLessThanOrEqual(6);
    const between = values.filter(({ home, byteLength }) => home.kind === "slot" && byteLength >= 4 * x.size);
    expect(between.length).toBeLessThanOrEqual(1);
  });

  it("merges equal work and drops unused work", async () => {
    const { nodes } = await programOf((t) => {
      exp(t).sum();
      return exp(t).add(exp(t));
    }, x);
    expect(nodes).toHaveLength(1);
    const { body } = (nodes[0].work as Extract<(typeof nodes)[0]["work"], { kind: "nest" }>).nest;
    expect(body.filter((i) => i.kind === "apply" && i.operator === "exp")).toHaveLength(1);
  });

  it("folds constants", async () => {
    const { nodes } = await programOf((t) => t.add(full([], 2).mul(full([], 3)).sub(1)), x);
    expect(nodes).toHaveLength(1);
    const { body } = (nodes[0].work as Extract<(typeof nodes)[0]["work"], { kind: "nest" }>).nest;
    expect(body.filter((i) => i.kind === "apply").map((i) => i.kind === "apply" && i.operator)).toEqual(["add"]);
  });

  it("keeps within the number of buffers a kernel may read", async () => {
    const limited: Backend = { ...plain, capabilities: { ...plain.capabilities, maximumInputs: 3, maximumOutputs: 1 } };
    await withBackend(limited, async () => {
      const inputs = Array.from({ length: 10 }, (_, i) => tensor([i, i + 1]));
      const total = compile((...list: Tensor[]) => list.reduce((sum, t) => sum.add(t.mul(2))));
      const result = await total(...inputs);
      expect(await result.array()).toEqual([90, 109]);
      for (const node of total.programs()[0].nodes) {
        expect(new Set(node.inputs).size).toBeLessThanOrEqual(3);
        expect(node.outputs).toHaveLength(1);
      }
    });
  });

  it("keeps within the number of buffers a kernel may read and write in all", async () => {
    const steps = fc.array(fc.tuple(fc.nat(3), fc.nat(30), fc.nat(30)), { minLength: 5, maxLength: 30 });
    const limits = fc.record({
      maximumInputs: fc.integer({ min: 3, max: 7 }),
      maximumOutputs: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(steps, limits, fc.nat(3), async (list, most, room) => {
        const maximumBuffers = Math.max(most.maximumInputs, most.maximumOutputs) + 1 + room;
        const capabilities = { ...plain.capabilities, ...most, maximumBuffers };
        const build = (...given: Tensor[]): Tensor[] => {
          const made = [...given];
          const at = (i: number): Tensor => made[i % made.length];
          for (const [kind, i, j] of list) {
            const kinds = [
              () => at(i).add(at(j)),
              () => at(i).mul(at(j)).mul(0.5),
              () => at(i).sub(at(j).mean()),
              () => at(i).add(at(j).max({ axes: 0 })),
            ];
            made.push(kinds[kind]());
          }
          return made.slice(-4);
        };
        const inputs = Array.from({ length: 5 }, (_, seed) => randomNormal([2, 3], { seed }));
        await withBackend({ ...plain, capabilities }, async () => {
          const step = compile(build);
          const results = await step(...inputs);
          for (const { inputs: read, outputs: written } of step.programs()[0].nodes) {
            expect(new Set(read).size).toBeLessThanOrEqual(most.maximumInputs);
            expect(written.length).toBeLessThanOrEqual(most.maximumOutputs);
            expect(new Set(read).size + written.length).toBeLessThanOrEqual(maximumBuffers);
          }
          const alone = build(...inputs);
          for (const [i, result] of results.entries()) {
            const [actual, expected] = [await result.data(), await alone[i].data()];
            for (const [k, value] of [...expected].entries()) expect(actual[k]).toBeCloseTo(value, 3);
          }
        });
      }),
      { numRuns: 30 },
    );
  });

  it("stores nothing that only its own kernel reads, and counts it as no output", async () => {
    const limited: Backend = { ...plain, capabilities: { ...plain.capabilities, maximumOutputs: 1 } };
    await withBackend(limited, async () => {
      const step = compile((t: Tensor) => t.sum({ axes: 1 }).add(1).square());
      expect(await (await step(randomNormal([4, 6], { seed: 1 }))).array()).toHaveLength(4);
      expect(step.programs()[0].nodes).toHaveLength(1);
    });
  });

  it("updates counters together, as many as a kernel may write", async () => {
    const counters = Array.from({ length: 7 }, (_, i) => new Param({ shape: [], dtype: "float32" }, full([], i)));
    const most = { maximumInputs: 7, maximumOutputs: 4, maximumBuffers: 8 };
    await withBackend({ ...plain, capabilities: { ...plain.capabilities, ...most } }, async () => {
      const step = compile((t: Tensor) => {
        for (const counter of counters) counter.assign(counter.value.add(1));
        return t.mul(2);
      });
      for (let i = 0; i < 2; i++) await step(randomNormal([4, 6], { seed: 1 }));
      const { nodes } = step.programs()[0];
      expect(nodes.map(({ outputs }) => outputs.length).sort()).toEqual([1, 3, 4]);
      const values = await Promise.all(counters.map(({ value }) => value.item()));
      expect(values).toEqual([2, 3, 4, 5, 6, 7, 8]);
    });
  });

  it("joins the loops of an elementwise kernel into one", async () => {
    const { nodes } = await programOf((t) => t.add(1), randomNormal([2, 3, 4, 5], { seed: 1 }));
    const { work } = nodes[0];
    expect(work.kind === "nest" && work.nest.shape).toEqual([120]);
  });
});

describe("memory planning", () => {
  it("reuses slots along a chain", async () => {
    const chain = (t: Tensor): Tensor => Array.from({ length: 10 }).reduce((h: Tensor) => h.matmul(t), t);
    const program = await programOf((t) => chain(t), randomNormal([8, 8], { seed: 1 }));
    expect(program.slots.length).toBeLessThanOrEqual(2);
    expect(program.unplannedBytes).toBe(9 * 8 * 8 * 4);
  });

  it("computes the same with and without reuse, whatever the graph", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(5), fc.nat(30), fc.nat(30)), { minLength: 3, maxLength: 25 }),
        fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
        async (operations, chosen) => {
          const build = (a: Tensor, b: Tensor): Tensor[] => {
            const made: Tensor[] = [a, b];
            const at = (i: number): Tensor => made[i % made.length];
            for (const [kind, i, j] of operations) {
              const steps = [
                () => at(i).add(at(j)),
                () => at(i).mul(0.5).sub(at(j)),
                () => at(i).transpose().mul(0.5),
                () => at(i).sub(at(i).max({ axes: 0, keepAxes: true })),
                () => at(i).add(at(j).mean({ axes: 1, keepAxes: true })),
                () => at(i).matmul(at(j)).mul(0.25),
              ];
              made.push(steps[kind]());
            }
            return chosen.map(at);
          };
          const [a, b] = [randomNormal([3, 3], { seed: 5 }), randomNormal([3, 3], { seed: 6 })];
          const step = compile((s: Tensor, t: Tensor) => build(s, t));
          const fused = await Promise.all((await step(a, b)).map((t) => t.data()));
          // Every tensor evaluated on its own, in its own buffer.
          const alone = build(a, b);
          for (let i = 0; i < alone.length; i++) {
            const values = await alone[i].data();
            values.forEach((value: number, k: number) => {
              expect(fused[i][k]).toBeCloseTo(value, 3);
            });
          }
          const again = await Promise.all((await step(a, b)).map((t) => t.data()));
          expect(again).toEqual(fused);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("explain", () => {
  it("shows kernels, slots and bytes", async () => {
    const w = new Param({ shape: [6, 6], dtype: "float32" }, randomNormal([6, 6], { seed: 3 }));
    const step = compile((t: Tensor) => {
      const h = relu(t.matmul(w.value));
      const loss = mean(h).add(variance(h));
      w.assign(w.value.sub(grad(loss, w)));
      return loss;
    });
    expect(explain(step)).toContain("call the compiled function once");
    await step(x);
    const table = explain(step);
    expect(table).toMatch(/\d+ tensors captured, \d+ kernels, \d+ slots/);
    expect(table).toMatch(/in between: .* before planning, .* after \(\d/);
    expect(table).toMatch(/matmul +claimed/);
  });
});
