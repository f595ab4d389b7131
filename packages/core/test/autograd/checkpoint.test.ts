import "@sconce/backend-cpu/register";
import {
  checkpoint,
  compile,
  grad,
  openBackend,
  Param,
  type Program,
  RandomState,
  randomBernoulli,
  randomNormal,
  sin,
  type Tensor,
  tanh,
  tensor,
} from "@sconce/core";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(async () => {
  await openBackend("cpu");
});

const bytes = ({ slots }: Program): number => slots.reduce((sum, size) => sum + size, 0);

describe("checkpoint", () => {
  it("gives the same value and the same gradients, also of what it closes over", async () => {
    const x = randomNormal([5, 4], { seed: 1, dtype: "float64" });
    const w = randomNormal([4, 4], { seed: 2, dtype: "float64" });
    const block = (t: Tensor): Tensor => tanh(t.matmul(w)).mul(sin(t));
    const plain = block(block(x)).sum();
    const saved = checkpoint(block)(checkpoint(block)(x)).sum();
    expect(await saved.item()).toBe(await plain.item());
    for (const of of [x, w]) {
      const [a, b] = [await grad(plain, of).data(), await grad(saved, of).data()];
      a.forEach((value: number, i: number) => {
        expect(b[i]).toBeCloseTo(value, 12);
      });
    }
  });

  it("takes gradients of gradients", async () => {
    const x = tensor([0.3, -0.7], { dtype: "float64" });
    const f = checkpoint((t: Tensor) => sin(t).mul(t));
    const second = grad(grad(f(x).sum(), x).sum(), x);
    const expected = [0.3, -0.7].map((v) => 2 * Math.cos(v) - v * Math.sin(v));
    for (const [i, value] of (await second.data()).entries()) expect(value).toBeCloseTo(expected[i], 12);
  });

  it("draws the same random numbers again", async () => {
    const generator = new RandomState(3);
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8]);
    const f = checkpoint((t: Tensor) => t.mul(randomBernoulli([8], 0.5, { generator }).cast("float32")).square());
    const step = compile((t: Tensor) => {
      const y = f(t);
      return { y, g: grad(y.sum(), t) };
    });
    for (let i = 0; i < 3; i++) {
      const { y, g } = await step(x);
      const [values, gradients] = [await y.data(), await g.data()];
      values.forEach((value: number, k: number) => {
        expect(gradients[k]).toBe(value === 0 ? 0 : 2 * (k + 1));
      });
    }
  });

  it("needs less memory than keeping every result", async () => {
    const weights = Array.from(
      { length: 12 },
      (_, i) =>
        new Param({ shape: [64, 64], dtype: "float32" }, () => randomNormal([64, 64], { seed: i, deviation: 0.1 })),
    );
    const x = randomNormal([256, 64], { seed: 99 });
    const segment = (from: number) => (t: Tensor) =>
      weights.slice(from, from + 4).reduce((h, w) => tanh(h.matmul(w.value)), t);
    const train = (wrap: (fn: (t: Tensor) => Tensor) => (t: Tensor) => Tensor) =>
      compile((t: Tensor) => {
        const loss = [0, 4, 8]
          .reduce((h, from) => wrap(segment(from))(h), t)
          .square()
          .mean();
        return { loss, gradients: grad(loss, weights) };
      });
    const [plain, saving] = [train((fn) => fn), train((fn) => checkpoint(fn))];
    const [a, b] = [await plain(x), await saving(x)];
    expect(await b.loss.item()).toBeCloseTo(await a.loss.item(), 6);
    const [ga, gb] = [await a.gradients[0].data(), await b.gradients[0].data()];
    ga.forEach((value: number, i: number) => {
      expect(gb[i]).toBeCloseTo(value, 6);
    });
    expect(bytes(saving.programs()[0])).toBeLessThan(0.75 * bytes(plain.programs()[0]));
  });
});
