import "@sconce/backend-cpu/register";
import { compile, grad, ones, randomNormal, setSeed, type Tensor, tensor, training, zeros } from "@sconce/core";
import {
  AdditiveAttention,
  attend,
  DotProductAttention,
  Dropout,
  dotProductAttention,
  GeneralAttention,
  MultiheadAttention,
  scaledDotProductAttention,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from "@sconce/layers";
import { beforeEach, describe, expect, test } from "vitest";

beforeEach(() => setSeed(0));

const values = async (x: Tensor): Promise<number[]> => [...(await x.data())];
const inputs = (): [Tensor, Tensor, Tensor] => [
  randomNormal([2, 3, 4], { seed: 1 }),
  randomNormal([2, 5, 4], { seed: 2 }),
  randomNormal([2, 5, 6], { seed: 3 }),
];

describe("attend", () => {
  test("weights are a distribution over the keys that are allowed", async () => {
    const mask = tensor([true, false, true]);
    const { weights, output } = attend(tensor([[1, 9, 1]]), tensor([[2], [100], [4]]), { mask });
    expect(await values(weights)).toEqual([0.5, 0, 0.5]);
    expect(await values(output)).toEqual([3]);
  });

  test("a query without keys gives zeros, and no NaN in gradients", async () => {
    for (const mask of [tensor([false, false]), tensor([-Infinity, -Infinity])]) {
      const scores = tensor([[1, 2]]);
      const { output } = attend(scores, ones([2, 3]), { mask });
      expect(await values(output)).toEqual([0, 0, 0]);
      expect(await values(grad(output.sum(), scores))).toEqual([0, 0]);
    }
  });

  test("an added mask is trained, as a bias by distance is", async () => {
    const bias = zeros([1, 3]);
    const loss = attend(tensor([[0, 0, 0]]), tensor([[1], [2], [3]]), { mask: bias }).output.sum();
    const [low, middle, high] = await values(grad(loss, bias));
    expect(low).toBeLessThan(0);
    expect(middle).toBeCloseTo(0, 6);
    expect(high).toBeGreaterThan(0);
  });

  test("drops weights in training", async () => {
    const dropout = new Dropout(1);
    const run = (): Tensor => attend(ones([2, 2]), ones([2, 2]), { dropout }).output;
    expect(await values(run())).toEqual([1, 1, 1, 1]);
    expect(await values(training(run))).toEqual([0, 0, 0, 0]);
  });
});

test("causal attention does not see what follows", async () => {
  const [x] = inputs();
  const layer = new MultiheadAttention(4, 2, { batchFirst: true });
  const first = layer.forward(x, x, x, { causal: true }).output.slice([null, { end: 2 }]);
  const changed = x.add(tensor([[0], [0], [5]]));
  const again = layer.forward(changed, changed, changed, { causal: true }).output.slice([null, { end: 2 }]);
  expect(await values(again)).toEqual(await values(first));
});

test("the layers compute what the functions do", async () => {
  const [q, k, v] = inputs();
  const scaled = new DotProductAttention().forward(q, k, v).output;
  expect(await values(scaled)).toEqual(await values(scaledDotProductAttention(q, k, v)));
  const general = new GeneralAttention(4, 4);
  general.loadStateDict({
    weight: tensor([0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => (i === j ? 1 : 0)))),
  });
  const plain = dotProductAttention(q, k, v, { scale: 1 }).output;
  expect(await values(general.forward(q, k, v).output)).toEqual(await values(plain));
});

test("one tensor for queries, keys and values is projected once, and weights that nobody reads are not computed", async () => {
  const layer = new MultiheadAttention(8, 2);
  const forward = compile((x: Tensor) => layer.forward(x).output);
  await forward(ones([5, 2, 8]));
  const products = forward.programs()[0].nodes.filter(({ name }) => name.includes("matmul"));
  expect(products).toHaveLength(4);
});

test("shared and separate inputs give the same", async () => {
  const [x] = inputs();
  const layer = new MultiheadAttention(4, 2);
  const shared = await values(layer.forward(x).output);
  const separate = await values(layer.forward(x, x.mul(tensor([1])), x.add(tensor([0]))).output);
  separate.forEach((value, i) => {
    expect(value).toBeCloseTo(shared[i], 5);
  });
});

test("transformer layers drop in training, at p = 0.1 by default, and take any activation", async () => {
  const x = randomNormal([3, 2, 4], { seed: 1 });
  const encoder = new TransformerEncoderLayer(4, 2, { feedforward: 8, activation: (y) => y.mul(0) });
  expect(encoder.dropout.probability).toBe(0.1);
  expect(await values(training(() => encoder.forward(x)))).not.toEqual(await values(encoder.forward(x)));
  const decoder = new TransformerDecoderLayer(4, 2, { feedforward: 8 });
  expect(decoder.forward(x, randomNormal([7, 2, 4], { seed: 2 })).shape).toEqual([3, 2, 4]);
  expect(decoder.linear1.weight.shape).toEqual([8, 4]);
});

test("errors show what was given and the fix", () => {
  const [q, k, v] = inputs();
  expect(() => scaledDotProductAttention(q, v, v)).toThrow(
    /query \[2, 3, 4\], key \[2, 5, 6\] and value \[2, 5, 6\] do not fit.*GeneralAttention/,
  );
  expect(() => scaledDotProductAttention(q, k, v, { mask: zeros([3, 4]) })).toThrow(/\[2, 3, 5\].*\[3, 4\]/);
  expect(() => new AdditiveAttention(4, 4, 8).forward(q.slice([null, 0]), v)).toThrow(
    /AdditiveAttention: query \[2, 4\], key \[2, 5, 6\].*\[\.\.\., S, 4\].*unsqueeze\(1\)/,
  );
  expect(() => new MultiheadAttention(5, 2)).toThrow(
    "MultiheadAttention: width 5 does not divide into 2 heads; give a divisor of it.",
  );
  const layer = new MultiheadAttention(4, 2);
  expect(() => layer.forward(q, v)).toThrow("MultiheadAttention: the key has shape [2, 5, 6]; it must be [L, N, 4].");
  expect(() => layer.forward(q, q, q, { keyPaddingMask: zeros([3, 3], "bool") })).toThrow(
    "MultiheadAttention: keyPaddingMask has shape [3, 3]; it must be [3, 2], [N, S].",
  );
});
