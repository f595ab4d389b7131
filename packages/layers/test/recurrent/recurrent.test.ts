import "@sconce/backend-cpu/register";
import { compile, grad, ones, randomNormal, setSeed, type Tensor, tensor, training, zeros } from "@sconce/core";
import { detachState, GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell } from "@sconce/layers";
import { beforeEach, describe, expect, test } from "vitest";

beforeEach(() => setSeed(0));

const values = async (x: Tensor): Promise<number[]> => [...(await x.data())];

test("weights start within 1 / sqrt(hidden), each different", async () => {
  const state = await new LSTM(5, 25, { layers: 2, bidirectional: true }).stateDict();
  for (const { data } of Object.values(state)) {
    expect(data.every((x) => Math.abs(x) <= 0.2)).toBe(true);
    expect(data.some((x) => Math.abs(x) > 0.15)).toBe(true);
  }
  expect(state.weight_hh_l0.data).not.toEqual(state.weight_hh_l0_reverse.data);
});

test.each([
  ["RNN", new RNN(3, 4), new RNNCell(3, 4)],
  ["GRU", new GRU(3, 4), new GRUCell(3, 4)],
] as const)("%s is its cell, step by step", async (_, layer, cell) => {
  const given = await layer.stateDict();
  cell.loadStateDict(
    Object.fromEntries(Object.entries(given).map(([name, value]) => [name.replace("_l0", ""), value])),
  );
  const x = randomNormal([3, 2, 3], { seed: 1 });
  let h: Tensor | undefined;
  for (const step of x.split(3)) h = cell.forward(step.squeeze(0), h);
  expect(await values(layer.forward(x).state)).toEqual(await values(h!));
});

test("one matrix product for all inputs, then one and one kernel per step", async () => {
  for (const layer of [new RNN(8, 16), new LSTM(8, 16), new GRU(8, 16)]) {
    const kernels = async (steps: number): Promise<number> => {
      const forward = compile((x: Tensor) => layer.forward(x).state);
      await forward(ones([steps, 4, 8]));
      return forward.programs()[0].nodes.length;
    };
    expect((await kernels(12)) - (await kernels(8)), layer.constructor.name).toBe(2 * 4);
  }
});

describe("lengths", () => {
  const lengths = tensor([2, 4], { dtype: "int32" });
  const x = randomNormal([4, 2, 3], { seed: 1 });

  test("make each sequence what it is alone", async () => {
    const layer = new LSTM(3, 4, { layers: 2, bidirectional: true });
    const { output, state } = layer.forward(x, { lengths });
    const alone = layer.forward(x.slice([{ end: 2 }, { end: 1 }]));
    expect(await values(output.slice([{ end: 2 }, { end: 1 }]))).toEqual(await values(alone.output));
    expect(await values(state.cell.slice([null, { end: 1 }]))).toEqual(await values(alone.state.cell));
    expect((await values(output.slice([{ start: 2 }, 0]))).every((value) => value === 0)).toBe(true);
  });

  test("may change from call to call of one program", async () => {
    const layer = new GRU(3, 4);
    const forward = compile((y: Tensor, n: Tensor) => layer.forward(y, { lengths: n }).output);
    for (const n of [lengths, tensor([3, 1], { dtype: "int32" })]) {
      expect(await values(await forward(x, n))).toEqual(await values(layer.forward(x, { lengths: n }).output));
    }
    expect(forward.programs()).toHaveLength(1);
  });
});

test("dropout acts between layers, in training only", async () => {
  const layer = new RNN(3, 4, { layers: 2, dropout: 1 });
  const x = randomNormal([2, 1, 3], { seed: 1 });
  const quiet = new RNN(3, 4, { layers: 2 });
  quiet.loadStateDict(await layer.stateDict());
  expect(await values(layer.forward(x).output)).toEqual(await values(quiet.forward(x).output));
  // All of the first layer's outputs are dropped, so the second one's do not depend on x.
  const drop = (y: Tensor): Promise<number[]> => values(training(() => layer.forward(y).output));
  expect(await drop(x)).toEqual(await drop(x.mul(2)));
});

test("a detached state carries values between chunks, and no gradients", async () => {
  for (const layer of [new LSTM(2, 3), new GRU(2, 3)]) {
    const x = randomNormal([6, 1, 2], { seed: 1 });
    const [first, second] = x.split(2);
    const run = layer.forward as (x: Tensor, options?: object) => ReturnType<typeof layer.forward>;
    const { state } = run(first);
    const { output } = run(second, { state: "cell" in state ? detachState(state) : detachState(state) });
    expect((await values(output)).map((v) => v.toFixed(5))).toEqual(
      (await values(run(x).output.slice([{ start: 3 }]))).map((v) => v.toFixed(5)),
    );
    expect((await values(grad(output.sum(), first))).every((value) => value === 0)).toBe(true);
  }
});

test("errors show what was given and the fix", () => {
  const layer = new GRU(3, 4, { batchFirst: true });
  expect(() => layer.forward(zeros([2, 5]))).toThrow(/GRU: x has shape \[2, 5\]; it must be \[N, T, 3\].*unsqueeze/);
  expect(() => layer.forward(zeros([2, 5, 3]), { state: zeros([2, 4]) })).toThrow(
    "GRU: an initial state has shape [2, 4]; it must be [1, 2, 4], [layers directions, N, hidden].",
  );
  expect(() => layer.forward(zeros([2, 5, 3]), { lengths: tensor([1, 2]) })).toThrow(
    "GRU: lengths are float32 [2]; give one whole number per sequence, int32 [2].",
  );
  expect(() => new RNN(3, 4, { dropout: 0.5 })).toThrow("RNN: dropout 0.5 acts between layers, and there is one");
  expect(() => new LSTM(3, 0)).toThrow("LSTM: hidden is 0; give a whole number of at least 1.");
  expect(() => new LSTMCell(3, 4).forward(zeros([5, 2, 3]))).toThrow(
    /LSTMCell: x has shape \[5, 2, 3\].*slice\(x, \[t\]\)/,
  );
  expect(() => new LSTMCell(3, 4).forward(zeros([2, 3]), { hidden: zeros([2, 4]), cell: zeros([2, 5]) })).toThrow(
    "LSTMCell: the cell state has shape [2, 5]; for x [2, 3] it must be [2, 4].",
  );
});
