/** The pieces of the example; the whole takes a minute. */
import "@sconce/backend-cpu/register";
import { expect, test } from "vitest";
import { measureAngles } from "../src/angles.ts";
import { contenders } from "../src/objectives.ts";
import { toPage, toPicture } from "../src/picture.ts";
import { type Outcome, train, warmUp } from "../src/train.ts";

test("angles are measured from the origin, around the back too", () => {
  const degrees = [170, -170, 80, 100, 88, 92];
  const points = degrees.flatMap((d, i) =>
    [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)].map((x) => x * (i + 1)),
  );
  const { intra, inter, directions } = measureAngles(points, [0, 0, 1, 1, 1, 1], 2);
  expect(intra).toBeCloseTo((10 + 10 + 10 + 10 + 2 + 2) / 6, 10);
  expect(inter).toBeCloseTo(90, 10);
  expect(Math.abs(directions[0])).toBeCloseTo(Math.PI, 10);
});

test("the page has a panel per loss and a dot per digit", () => {
  const outcome = (name: string): Outcome => ({
    name,
    accuracy: 0.5,
    points: [1, 0, 0, 1],
    labels: [0, 1],
    ...measureAngles([1, 0, 0, 1], [0, 1], 2),
  });
  const outcomes = ["first", "second"].map(outcome);
  expect(toPicture(outcomes).match(/<circle /g)).toHaveLength(4);
  expect(toPage(outcomes)).toMatch(
    /^<!doctype html>[\s\S]*first[\s\S]*0\.0° within, 90° between, 50 % right[\s\S]*second/,
  );
});

test("every loss trains, from a start that it shares with the others", async () => {
  expect(contenders).toHaveLength(8);
  const options = { epochs: 1, examples: 128 };
  const start = await warmUp(contenders[0], options);
  for (const contender of contenders) {
    const { name, intra, inter, accuracy, labels } = await train(contender, { ...options, start });
    expect([intra, inter, accuracy].every(Number.isFinite), name).toBe(true);
    expect(labels).toHaveLength(1797 - 128);
  }
});
