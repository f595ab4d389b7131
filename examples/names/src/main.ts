/**
 * Trains a classifier of surnames and prints how many held-out ones it gets right, in each language and in all.
 * usage: node dist/main.js --data FOLDER [--steps N] [--seed N]
 */
import { parseArgs } from "node:util";
import "@sconce/backend-cpu/register";
import { formatTable, setSeed } from "@sconce/core";
import { NameClassifier } from "./classifier.ts";
import { readNames } from "./names.ts";
import { seededRandom } from "./random.ts";
import { classify, train } from "./train.ts";

const { values: options } = parseArgs({
  options: {
    data: { type: "string", default: "data/names" },
    steps: { type: "string", default: "2000" },
    seed: { type: "string", default: "0" },
  },
});
const [steps, seed] = [wholeNumber("steps", options.steps), wholeNumber("seed", options.seed)];
const random = seededRandom(seed);
const { languages, training, heldOut } = await readNames(options.data, random).catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
console.log(`${training.length} surnames in ${languages.length} languages; ${heldOut.length} more are held out`);

setSeed(seed);
const model = new NameClassifier(languages.length);
const before = performance.now();
let sum = 0;
await train(model, training, {
  steps,
  random,
  onStep: (step, loss) => {
    sum += loss;
    if (step % 200 !== 0) return;
    console.log(`step ${step} of ${steps}, loss ${(sum / 200).toFixed(3)}`);
    sum = 0;
  },
});
const seconds = (performance.now() - before) / 1000;
const found = await classify(model, heldOut);
const right = heldOut.map(({ label }, i) => ({ label, right: found[i] === label }));
const share = (results: readonly { readonly right: boolean }[]): string =>
  `${((100 * results.filter((result) => result.right).length) / results.length).toFixed(1)} %`;
const rows = languages.map((language, label) => {
  const own = right.filter((result) => result.label === label);
  return [language, String(own.length), share(own)];
});
console.log(
  `\n${formatTable(["language", "held out", "right"], [...rows, ["all", String(heldOut.length), share(right)]])}`,
);
console.log(`\ntrained in ${seconds.toFixed(1)} s`);

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && text !== "") return value;
  throw new Error(`--${option} is "${text}"; give a whole number.`);
}
