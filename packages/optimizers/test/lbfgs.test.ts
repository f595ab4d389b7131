/** L-BFGS against PyTorch (tools/parity/optimizers.py) on Rosenbrock's function. */
import { readFileSync } from "node:fs";
import "@sconce/backend-cpu/register";
import { compile, grad, Param, slice, type Tensor, tensor } from "@sconce/core";
import { type Evaluation, type LBFGSOptions, lbfgs, StepDecay } from "@sconce/optimizers";
import { describe, expect, test } from "vitest";

interface Golden {
  readonly cases: readonly {
    readonly options: LBFGSOptions;
    readonly recorded: readonly {
      readonly values: readonly number[];
      readonly loss: number;
      readonly evaluations: number;
    }[];
  }[];
}

const { cases }: Golden = JSON.parse(readFileSync(new URL("golden/lbfgs.json", import.meta.url), "utf8"));

const start = [-1.2, 1, -0.5, 0.8];
const point = (dtype: "float32" | "float64" = "float64"): Param =>
  new Param({ shape: [4], dtype }, tensor(start, { dtype }), "p");
const read = async (p: Param): Promise<number[]> => [...(await p.value.data())];

function rosenbrock(p: Tensor): Tensor {
  const [x, y] = [slice(p, [{ end: 3 }]), slice(p, [{ start: 1 }])];
  return y.sub(x.square()).square().mul(100).add(x.sub(1).square()).sum();
}

/** Evaluates the loss in one program. */
function evaluator(p: Param): () => Promise<Evaluation> {
  return compile(() => {
    const loss = rosenbrock(p.value);
    return { loss, gradients: grad(loss, [p]) };
  });
}

describe.each(cases)("lbfgs $options", ({ options, recorded }) => {
  test("follows PyTorch, evaluation for evaluation", async () => {
    const p = point();
    const optimizer = lbfgs([p], options);
    let evaluations = 0;
    const evaluate = evaluator(p);
    const closure = (): Promise<Evaluation> => {
      evaluations++;
      return evaluate();
    };
    for (const expected of recorded) {
      const loss = await optimizer.step(closure);
      const scale = Math.max(1, Math.abs(expected.loss));
      expect(Math.abs(loss - expected.loss) / scale).toBeLessThan(1e-6);
      expect(evaluations).toBe(expected.evaluations);
      (await read(p)).forEach((value, i) => {
        expect(Math.abs(value - expected.values[i])).toBeLessThan(1e-6);
      });
    }
  });

  test("continues from its state to the bit", async () => {
    const run = async (steps: number, from?: { p: number[]; state: never }): Promise<[number[], never]> => {
      const p = point("float32");
      const optimizer = lbfgs([p], options);
      if (from) {
        p.assign(tensor(from.p));
        optimizer.loadStateDict(from.state);
      }
      for (let i = 0; i < steps; i++) await optimizer.step(evaluator(p));
      return [await read(p), (await optimizer.stateDict()) as never];
    };
    const [half, state] = await run(2);
    expect(await run(2, { p: half, state })).toEqual(await run(4));
  });
});

test("finds the minimum of float32 parameters in several tensors, one of them frozen", async () => {
  const [a, b, c] = [[3, -2], [5], [7]].map(
    (values) => new Param({ shape: [values.length], dtype: "float32" }, tensor(values)),
  );
  c.frozen = true;
  const optimizer = lbfgs([a, b, c], { lineSearch: "strongWolfe" });
  await optimizer.step(() => {
    const loss = a.value
      .sub(tensor([1, 2]))
      .square()
      .sum()
      .add(b.value.add(1).square().mul(5).sum())
      .add(c.value.sum());
    return { loss, gradients: grad(loss, [a, b, c]) };
  });
  const found = [...(await read(a)), ...(await read(b)), ...(await read(c))];
  [1, 2, -1, 7].forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 4);
  });
  c.frozen = false;
  await optimizer.step(() => {
    const loss = c.value.square().sum();
    return { loss, gradients: grad(loss, [a, b, c]) };
  });
  expect((await read(c))[0]).toBeCloseTo(0, 4);
  new StepDecay(0.5, { stepSize: 1 }).apply(optimizer, 1);
  expect(optimizer.learningRate).toBeCloseTo(0.05);
});

test("leaves parameters and curvature as they were when the closure throws", async () => {
  const run = async (fails: boolean): Promise<unknown> => {
    const p = point();
    const optimizer = lbfgs([p], { lineSearch: "strongWolfe", maxIterations: 3 });
    const evaluate = evaluator(p);
    await optimizer.step(evaluate);
    if (fails) {
      const before = await read(p);
      let calls = 0;
      const step = optimizer.step(() => {
        if (++calls === 3) throw new Error("no more");
        return evaluate();
      });
      await expect(step).rejects.toThrow("no more");
      expect(await read(p)).toEqual(before);
    }
    await optimizer.step(evaluate);
    return [await read(p), await optimizer.stateDict()];
  };
  expect(await run(true)).toEqual(await run(false));
});

test("errors say what was wrong", async () => {
  const p = point();
  expect(() => lbfgs([])).toThrow(/lbfgs: the list of parameters is empty/);
  expect(() => lbfgs([p], { maxIterations: 0 })).toThrow(/maxIterations is 0/);
  expect(() => lbfgs([p], { lineSearch: "armijo" as never })).toThrow(/lineSearch is armijo; give "strongWolfe"/);
  const optimizer = lbfgs([p]);
  await expect(optimizer.step(() => ({ loss: p.value.sum(), gradients: [] }))).rejects.toThrow(
    /lbfgs.step: 0 gradients for 1 parameters.*return { loss, gradients: grad/,
  );
  await expect(optimizer.step(() => ({ loss: p.value.sum(), gradients: [tensor([1])] }))).rejects.toThrow(
    /gradient 0 is shape \[1\] for Param\(p/,
  );
  expect(() => optimizer.loadStateDict({})).toThrow(/n_iter.*is missing/);
});
