import { setSeed } from "@sconce/core";
import { beforeAll, describe, expect, test } from "vitest";
import { chooseBackend } from "../src/backend.ts";
import { digitSets } from "../src/digit-sets.ts";
import { createModel } from "../src/model.ts";
import { schedule, type TrainingListener, train } from "../src/train.ts";
import { smallSets } from "./small-sets.ts";

beforeAll(() => chooseBackend("cpu"));

const options = { epochs: 2, batchSize: 32, learningRate: 0.005, seed: 3 };

async function run(seed: number, listener: TrainingListener = {}) {
  setSeed(seed);
  const model = createModel();
  const result = await train(model, smallSets(), { ...options, seed }, { listener });
  return { result, weights: await model.stateDict() };
}

describe("training", () => {
  test("the same seed gives the same losses, predictions and weights, bit for bit", async () => {
    const [first, second, other] = [await run(3), await run(3), await run(4)];
    expect(second).toEqual(first);
    expect(other.result.epochs).not.toEqual(first.result.epochs);
    expect(other.weights["0.weight"]).not.toEqual(first.weights["0.weight"]);
  });

  test("tells how each step and epoch went", async () => {
    const steps: number[] = [];
    const epochs: number[] = [];
    const { result } = await run(3, {
      step: ({ steps: done, totalSteps }) => {
        expect(totalSteps).toBe(10);
        steps.push(done);
      },
      epoch: ({ epoch }) => epochs.push(epoch),
    });
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(epochs).toEqual([1, 2]);
    expect(result.steps).toBe(10);
    expect(result.interrupted).toBe(false);
    expect(result.evaluation.predictions.length).toBe(40);
    expect(result.epochs[1].training.loss).toBeLessThan(result.epochs[0].training.loss);
  });

  test("stops after the step under way, and evaluates what it has", async () => {
    const controller = new AbortController();
    const listener: TrainingListener = { step: ({ steps }) => steps === 7 && controller.abort() };
    setSeed(3);
    const result = await train(createModel(), smallSets(), options, { listener, signal: controller.signal });
    expect([result.steps, result.epochs.length, result.interrupted]).toEqual([7, 1, true]);
    expect(result.evaluation.predictions.length).toBe(40);
  });
});

test("the learning rate rises for a tenth of the training and falls to zero", () => {
  expect(schedule(0)).toBeCloseTo(0.1);
  expect(schedule(0.1)).toBeCloseTo(0.976, 3);
  expect(schedule(0.5)).toBeCloseTo(0.5);
  expect(schedule(1)).toBe(0);
});

test("training and test images are 1,437 and 360, and no image is in both", () => {
  const { training, test: held } = digitSets();
  expect([training.length, held.length]).toEqual([1437, 360]);
  expect(new Set([...training.indices, ...held.indices]).size).toBe(1797);
  expect([...held.indices.subarray(0, 5)]).toMatchInlineSnapshot(`
    [
      367,
      827,
      1436,
      636,
      133,
    ]
  `);
});
