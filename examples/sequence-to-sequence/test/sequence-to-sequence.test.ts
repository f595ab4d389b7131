import "@sconce/backend-cpu/register";
import { setSeed } from "@sconce/core";
import { beforeEach, describe, expect, test } from "vitest";
import { batchOf, endToken, textOf } from "../src/alphabet.ts";
import { renderAttention } from "../src/attention-map.ts";
import { exactMatch, write } from "../src/evaluate.ts";
import { makeModel } from "../src/model.ts";
import { seededRandom } from "../src/random.ts";
import { dates } from "../src/tasks/dates.ts";
import { reverse } from "../src/tasks/reverse.ts";
import { drawExamples, type Task } from "../src/tasks/task.ts";
import { train } from "../src/train.ts";

beforeEach(() => setSeed(0));

const draw = (task: Task, count: number, seed = 1) => drawExamples(task, "training", count, seededRandom(seed));

describe.each([reverse, dates])("$name", (task) => {
  test("fits its lengths and characters, and follows the seed", () => {
    const examples = draw(task, 500);
    for (const { source, target } of examples) {
      expect(source.length).toBeLessThanOrEqual(task.sourceLength);
      expect(target.length).toBeLessThanOrEqual(task.targetLength);
      expect([...source, ...target].every((character) => task.characters.includes(character))).toBe(true);
    }
    expect(draw(task, 500)).toEqual(examples);
    expect(draw(task, 500, 2)).not.toEqual(examples);
  });

  test("holds out targets that are never trained on", () => {
    const trained = new Set(draw(task, 3000).map(({ target }) => target));
    const heldOut = drawExamples(task, "heldOut", 300, seededRandom(1));
    expect(heldOut.filter(({ target }) => trained.has(target))).toEqual([]);
  });
});

test("strings of 3 to 8 characters are reversed", () => {
  const examples = draw(reverse, 300);
  for (const { source, target } of examples) expect([...source].reverse().join("")).toBe(target);
  expect(new Set(examples.map(({ source }) => source.length))).toEqual(new Set([3, 4, 5, 6, 7, 8]));
});

test("dates name the day that they stand for, in three forms", () => {
  const forms = { "day first": /^\d+ \w+ \d{4}$/, "month first": /^\w+ \d+, \d{4}$/, numbers: /^\d\d\/\d\d\/\d{4}$/ };
  const seen = draw(dates, 300).map(({ source, target }) => {
    const [, day, month, year] = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(source) ?? [];
    const time = Date.parse(year ? `${year}-${month}-${day}` : `${source} UTC`);
    expect(new Date(time).toISOString().slice(0, 10)).toBe(target);
    return Object.entries(forms).find(([, form]) => form.test(source))?.[0];
  });
  expect(new Set(seen)).toEqual(new Set(Object.keys(forms)));
});

test("a batch spells its examples and fills up with end tokens", async () => {
  const { source, lengths, target } = batchOf(reverse, [{ source: "a1z", target: "z1a" }]);
  const [sources, targets] = [[...(await source.data())], [...(await target.data())]];
  expect([sources.length, targets.length, await lengths.array()]).toEqual([8, 9, [3]]);
  expect([textOf(reverse, sources.slice(0, 3)), textOf(reverse, targets.slice(0, 3))]).toEqual(["a1z", "z1a"]);
  expect(targets.slice(3).every((token) => token === endToken)).toBe(true);
});

test("a short training lowers the loss, and the picture shows what was read and written", async () => {
  const task: Task = {
    name: "repeat",
    characters: "ab <",
    sourceLength: 2,
    targetLength: 2,
    example(random) {
      const source = `${"ab"[random(2)]}${"ab <"[random(4)]}`;
      return { source, target: source };
    },
  };
  const model = makeModel(task, "attention", { embedding: 4, hidden: 8 });
  const losses = await train(model, task, { steps: 60, batch: 16, learningRate: 0.03 });
  expect(losses[59]).toBeLessThan(0.3 * losses[0]);
  const results = await write(model, task, draw(task, 3), 3);
  expect(exactMatch(results)).toBeGreaterThan(0.5);
  const html = renderAttention(task.name, [...results, { ...results[0], source: "b<", written: "b ", target: "b<" }]);
  expect(html.match(/<svg/g)).toHaveLength(4);
  for (const { source } of results) expect(html).toContain(`>${source[0]}</text>`);
  expect(html).toContain(">␣</text>");
  expect(html).toContain(">&lt;</text>");
  expect(html).not.toMatch(/NaN|undefined|<script|src=|https?:/);
});

test.each(["plain", "feedback", "peek"] as const)("the %s decoder trains", async (decoder) => {
  const model = makeModel(reverse, decoder, { embedding: 4, hidden: 8 });
  const losses = await train(model, reverse, { steps: 20, batch: 8, learningRate: 0.05 });
  expect(losses[19]).toBeLessThan(0.9 * losses[0]);
});
