import "@sconce/backend-cpu/register";
import {
  compile,
  evaluateAll,
  grad,
  logSoftmax,
  randomUniform,
  scalar,
  setSeed,
  type Tensor,
  tensor,
  training,
  zeros,
} from "@sconce/core";
import { crossEntropy } from "@sconce/losses";
import {
  AttentionDecoder,
  beamSearch,
  type Decoder,
  Encoder,
  exponentialTeacherForcing,
  FeedbackDecoder,
  greedySearch,
  linearTeacherForcing,
  PeekDecoder,
  PlainDecoder,
  SequenceToSequence,
  sigmoidTeacherForcing,
} from "@sconce/models";
import { adam } from "@sconce/optimizers";
import { beforeEach, describe, expect, test } from "vitest";

beforeEach(() => setSeed(0));

const vocabulary = 5;
const decoders = { PlainDecoder, FeedbackDecoder, PeekDecoder, AttentionDecoder };
const names = Object.keys(decoders) as (keyof typeof decoders)[];

function make(name: keyof typeof decoders, hidden = 8): SequenceToSequence<Decoder> {
  const encoder = new Encoder(vocabulary, 4, hidden, { bidirectional: true });
  const decoder = new decoders[name](vocabulary, 4, hidden, encoder.width);
  return new SequenceToSequence<Decoder>(encoder, decoder, { start: 0, end: 1 });
}

const tokens = (steps: number, batch: number, seed: number): Tensor =>
  randomUniform([steps, batch], { seed, low: 2, high: vocabulary }).floor().cast("int32");
const values = async (x: Tensor): Promise<number[]> => [...(await x.data())];

describe.each(names)("%s", (name) => {
  test("gives logits for each target token, and gradients for every parameter", async () => {
    const model = make(name);
    const target = tokens(3, 2, 2);
    const { logits, tokens: chosen, weights } = model.forward(tokens(6, 2, 1), { target });
    expect([logits.shape, chosen.shape]).toEqual([
      [3, 2, vocabulary],
      [3, 2],
    ]);
    expect(weights?.shape).toEqual(name === "AttentionDecoder" ? [3, 2, 6] : undefined);
    const loss = crossEntropy(logits.reshape([-1, vocabulary]), target.flatten());
    const gradients = grad(loss, model.parameters());
    await evaluateAll(...gradients);
    for (const [i, gradient] of gradients.entries()) {
      const still = (await values(gradient)).every((value) => value === 0);
      expect(still, [...model.namedParameters().keys()][i]).toBe(false);
    }
  });

  test("does not see padding", async () => {
    const model = make(name);
    const source = tokens(4, 1, 1);
    const padded = source.pad([
      [0, 3],
      [0, 0],
    ]);
    const lengths = tensor([4], { dtype: "int32" });
    const alone = await values(model.forward(source, { target: 3 }).logits);
    const found = await values(model.forward(padded, { target: 3, lengths }).logits);
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(alone[i], 5);
    });
  });

  test("finds by a beam of one what it finds greedily, and by a wide one the best of all", async () => {
    const model = make(name);
    const source = tokens(4, 1, 1);
    const [greedy] = await greedySearch(model, source, { maximumLength: 3 });
    const [narrow] = await beamSearch(model, source, { maximumLength: 3, beams: 1 });
    expect(narrow.tokens).toEqual(greedy.tokens);
    const [wide] = await beamSearch(model, source, { maximumLength: 3, beams: vocabulary ** 3 });
    // Every target of three tokens: those with an end count up to it.
    const all = Array.from({ length: vocabulary ** 3 }, (_, i) =>
      [0, 1, 2].map((place) => Math.floor(i / vocabulary ** place) % vocabulary),
    );
    const target = tensor(
      [0, 1, 2].map((t) => all.map((sequence) => sequence[t])),
      { dtype: "int32" },
    );
    const { logits } = model.forward(source.broadcastTo([4, all.length]), { target });
    const each = (await logSoftmax(logits).array()) as number[][][];
    const scores = all.map((sequence, n) => {
      const end = sequence.indexOf(1);
      const counted = end < 0 ? sequence : sequence.slice(0, end + 1);
      return counted.reduce((sum, token, t) => sum + each[t][n][token], 0);
    });
    expect(wide.logProbability).toBeCloseTo(Math.max(...scores), 4);
  });
});

test("attention learns to turn sequences around", async () => {
  const model = make("AttentionDecoder", 16);
  const optimizer = adam(model.parameters(), { learningRate: 0.02 });
  const source = tokens(3, 16, 1);
  const target = source.flip(0).pad(
    [
      [0, 1],
      [0, 0],
    ] as [number, number][],
    { value: 1 },
  );
  const step = compile((x: Tensor, y: Tensor, teacherForcing: Tensor) =>
    training(() => {
      const { logits } = model.forward(x, { target: y, teacherForcing });
      const loss = crossEntropy(logits.reshape([-1, vocabulary]), y.flatten());
      optimizer.update(grad(loss, optimizer.parameters));
      return loss;
    }),
  );
  const ratio = linearTeacherForcing(80);
  for (let i = 0; i < 120; i++) await step(source, target, scalar(ratio(i)));
  expect(step.programs()).toHaveLength(1);
  const found = await greedySearch(model, source, { maximumLength: 6 });
  const expected = (await source.flip(0).transpose().array()) as number[][];
  const right = found.filter(({ tokens: list }, n) => list.join() === expected[n].join()).length;
  expect(right).toBeGreaterThanOrEqual(14);
  expect(found[0].weights).toHaveLength(found[0].tokens.length);
});

describe("teacher forcing", () => {
  test("decides whose token comes next", async () => {
    const model = make("FeedbackDecoder");
    const source = tokens(4, 2, 1);
    const free = model.forward(source, { target: 3 });
    const forced = model.forward(source, { target: free.tokens });
    expect(await values(forced.logits)).toEqual(await values(free.logits));
    const other = free.tokens.add(1).remainder(vocabulary);
    const run = (teacherForcing: number | Tensor): Promise<number[]> =>
      values(model.forward(source, { target: other, teacherForcing }).logits);
    expect(await run(0)).toEqual(await values(free.logits));
    expect(await run(scalar(0))).toEqual(await run(0));
    expect(await run(scalar(1))).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(0));
  });

  test("schedules fall from 1", () => {
    expect([0, 5, 10, 20].map(linearTeacherForcing(10, 0.2))).toEqual([1, 0.6, 0.2, 0.2]);
    expect([0, 1, 2].map(exponentialTeacherForcing(0.5))).toEqual([1, 0.5, 0.25]);
    const sigmoid = sigmoidTeacherForcing(10);
    expect(sigmoid(0)).toBeCloseTo(10 / 11);
    expect(sigmoid(10 * Math.log(10))).toBeCloseTo(0.5);
    expect(() => exponentialTeacherForcing(1)).toThrow("the factor is 1; give a number between 0 and 1");
  });
});

test("a length penalty favours longer sequences", async () => {
  const model = make("FeedbackDecoder");
  const find = async (lengthPenalty: number): Promise<number> => {
    const [best] = await beamSearch(model, tokens(4, 1, 3), { maximumLength: 4, beams: 30, lengthPenalty });
    return best.tokens.length;
  };
  expect(await find(10)).toBeGreaterThan(await find(-2));
});

test("errors show what was given and the fix", async () => {
  const model = make("PlainDecoder");
  expect(() => model.forward(zeros([4], "int32"), { target: 2 })).toThrow(/tokens have shape \[4\].*unsqueeze\(1\)/);
  expect(() => model.forward(tokens(4, 2, 1), { target: tokens(3, 3, 1) })).toThrow(
    "PlainDecoder: the target has shape [3, 3]; it must be [T, 2], one column per source sequence.",
  );
  await expect(beamSearch(model, tokens(4, 2, 1), { maximumLength: 3 })).rejects.toThrow(
    /one sequence, \[S, 1\].*narrow/,
  );
  await expect(beamSearch(model, tokens(4, 1, 1), { maximumLength: 3, beams: 0 })).rejects.toThrow("beams is 0");
});
