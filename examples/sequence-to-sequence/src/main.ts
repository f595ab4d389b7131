/**
 * Trains decoders on a task, prints how often they get held-out examples right, and draws what attention looked at.
 * usage: node dist/main.js [--task reverse|dates] [--decoder plain|feedback|peek|attention|all] [--steps N] [--seed N]
 *   [--picture FILE]
 */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import "@sconce/backend-cpu/register";
import { formatTable, setSeed } from "@sconce/core";
import { renderAttention } from "./attention-map.ts";
import { exactMatch, write } from "./evaluate.ts";
import { type DecoderName, decoders, makeModel } from "./model.ts";
import { seededRandom } from "./random.ts";
import { dates } from "./tasks/dates.ts";
import { reverse } from "./tasks/reverse.ts";
import { drawExamples } from "./tasks/task.ts";
import { train } from "./train.ts";

const { values: options } = parseArgs({
  options: {
    task: { type: "string", default: "dates" },
    decoder: { type: "string", default: "all" },
    steps: { type: "string", default: "800" },
    seed: { type: "string", default: "0" },
    picture: { type: "string", default: "attention.html" },
  },
});
const task = chosen("task", options.task, { dates, reverse });
const names = Object.keys(decoders) as DecoderName[];
const trained = options.decoder === "all" ? names : [chosen("decoder", options.decoder, pairs(names))];
const [steps, seed] = [wholeNumber("steps", options.steps), wholeNumber("seed", options.seed)];
const heldOut = drawExamples(task, "heldOut", 500, seededRandom(seed + 1));

const rows: string[][] = [];
for (const decoder of trained) {
  setSeed(seed);
  const model = makeModel(task, decoder);
  const before = performance.now();
  const onStep = (step: number, loss: number): void => {
    if (step % 100 === 0) console.log(`${decoder}: step ${step} of ${steps}, loss ${loss.toFixed(4)}`);
  };
  await train(model, task, { steps, seed, onStep });
  const seconds = (performance.now() - before) / 1000;
  const results = await write(model, task, heldOut);
  rows.push([decoder, `${(100 * exactMatch(results)).toFixed(1)} %`, seconds.toFixed(1)]);
  if (decoder !== "attention") continue;
  const file = resolve(options.picture);
  await writeFile(file, renderAttention(task.name, distinct(results).slice(0, 6)));
  console.log(`wrote ${file}`);
}
console.log(`\n${task.name}, ${heldOut.length} held-out examples\n`);
console.log(formatTable(["decoder", "exact match", "seconds of training"], rows));

/** The first few results whose sources have lengths of their own, which shows the task's forms. */
function distinct<R extends { readonly source: string }>(results: readonly R[]): R[] {
  return results.filter(({ source }, i) => results.findIndex((other) => other.source.length === source.length) === i);
}

function pairs<Name extends string>(list: readonly Name[]): Record<Name, Name> {
  return Object.fromEntries(list.map((name) => [name, name])) as Record<Name, Name>;
}

function chosen<Value>(option: string, name: string, choices: Readonly<Record<string, Value>>): Value {
  if (Object.hasOwn(choices, name)) return choices[name];
  throw new Error(`--${option} is "${name}"; give one of ${Object.keys(choices).join(", ")}.`);
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && text !== "") return value;
  throw new Error(`--${option} is "${text}"; give a whole number.`);
}
