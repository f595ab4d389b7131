/**
 * Trains one net with each of eight losses, prints what they do to the angles, and draws the embeddings.
 * usage: npm start -- [FILE], after `npm run build` at the root; FILE is margin-losses.html by default
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import "@sconce/backend-cpu/register";
import { formatTable } from "@sconce/core";
import { contenders } from "./objectives.ts";
import { toPage } from "./picture.ts";
import { type Outcome, train, warmUp } from "./train.ts";

const file = resolve(process.argv[2] ?? "margin-losses.html");
const start = await warmUp(contenders[0], { epochs: 15 });
const outcomes: Outcome[] = [];
for (const contender of contenders) {
  const before = performance.now();
  outcomes.push(await train(contender, { start }));
  console.log(`trained ${contender.name} in ${((performance.now() - before) / 1000).toFixed(1)} s`);
}
const rows = outcomes.map(({ name, intra, inter, accuracy }) => [
  name,
  intra.toFixed(2),
  inter.toFixed(2),
  `${(100 * accuracy).toFixed(1)} %`,
]);
console.log(
  `\n${formatTable(["loss", "degrees within a class", "degrees to the nearest class", "held-out accuracy"], rows)}`,
);
writeFileSync(file, toPage(outcomes));
console.log(`\nwrote ${file}`);
