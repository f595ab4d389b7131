import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "@sconce/backend-cpu/register";
import { setSeed } from "@sconce/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NameClassifier } from "../src/classifier.ts";
import { plainLetters, readNames } from "../src/names.ts";
import { seededRandom } from "../src/random.ts";
import { classify, train } from "../src/train.ts";

// Three languages that share their letters and differ in their endings.
const endings = { Onish: "on", Noish: "no", Nonish: "nno" };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "names-"));
  const beginnings = [..."bdgklmrst"].flatMap((consonant) => [..."aeiou"].map((vowel) => consonant + vowel));
  for (const [language, ending] of Object.entries(endings)) {
    await writeFile(join(folder, `${language}.txt`), `${beginnings.map((start) => start + ending).join("\n")}\n`);
  }
});
afterAll(() => rm(folder, { recursive: true }));

test("names are read by language, and one in ten is held out", async () => {
  const { languages, training, heldOut } = await readNames(folder, seededRandom(0));
  expect(languages).toEqual(["Noish", "Nonish", "Onish"]);
  expect([training.length, heldOut.length]).toEqual([120, 15]);
  const trained = new Set(training.map(({ text }) => text));
  expect(heldOut.filter(({ text }) => trained.has(text))).toEqual([]);
});

test("accents are dropped", () => {
  expect(["Ślusàrski\r", "O'Néàl", "Weiß", "Łuka"].map(plainLetters)).toEqual(["slusarski", "o'neal", "weiss", "luka"]);
});

test("a folder without names says what to do", async () => {
  await expect(readNames(join(folder, "absent"), seededRandom(0))).rejects.toThrow(/unpack it and give --data/);
});

test("languages are told apart by letters in the middle and at the end of names of any length", async () => {
  setSeed(0);
  const { languages, training, heldOut } = await readNames(folder, seededRandom(0));
  const model = new NameClassifier(languages.length, { embedding: 4, hidden: 8 });
  const losses = await train(model, training, { steps: 120, batch: 16, learningRate: 0.05, random: seededRandom(1) });
  expect(losses[119]).toBeLessThan(0.3 * losses[0]);
  const found = await classify(model, heldOut, 15);
  expect(found.filter((label, i) => label === heldOut[i].label).length).toBeGreaterThanOrEqual(14);
});
