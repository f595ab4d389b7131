/**
 * Benchmarks of Sconce beside its peers. usage: npm run bench -- SUITE [--only NAME] [--quick] [--json] [--write]
 *
 * --only NAME    only works whose name contains NAME
 * --quick        fewer runs: an impression, no result
 * --json         prints one line of JSON instead of a table
 * --write        records the results in RESULTS.md
 * --python PATH  the Python that has torch; python3 by default
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { count } from "./count.ts";
import { machineFacts } from "./machine.ts";
import { measure } from "./measure.ts";
import { parseOptions } from "./options.ts";
import { peakMemory } from "./peak-memory.ts";
import { type CountRow, type Row, toJson, toSection, toTable, withSection } from "./report.ts";
import { cpu } from "./suites/cpu.ts";
import { native } from "./suites/native.ts";
import type { Suite } from "./suites/suite.ts";
import { wasm } from "./suites/wasm.ts";
import { webgpu, webgpuSoftware } from "./suites/webgpu.ts";
import { quick, thorough } from "./timing.ts";

const suites: Readonly<Record<string, Suite>> = Object.fromEntries(
  [cpu, wasm, native, webgpu, webgpuSoftware].map((suite) => [suite.name, suite]),
);

process.exitCode = await main();

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  const suite = suites[options.suite ?? ""];
  if (!suite) {
    console.error(`expected a suite (${Object.keys(suites).join(", ")}); got ${options.suite ?? "none"}`);
    return 2;
  }
  const wanted = ({ work }: { readonly work: string }): boolean => work.includes(options.only);
  const { counted = [], memory = [] } = suite;
  const [pairs, toCount, ofMemory] = [suite.pairs.filter(wanted), counted.filter(wanted), memory.filter(wanted)];
  if (pairs.length + toCount.length + ofMemory.length === 0) {
    const works = new Set([...suite.pairs, ...counted, ...memory].map(({ work }) => work));
    console.error(`no work of ${suite.name} is named like ${options.only}; there are ${[...works].join(", ")}`);
    return 2;
  }
  const places = {
    main: import.meta.url,
    packages: fileURLToPath(new URL("../peers/", import.meta.url)),
    python: options.python,
  };
  const plan = options.quick ? quick : thorough;
  const rows: Row[] = [];
  const counts: CountRow[] = [];
  let failures = 0;
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    console.error(`${what} ...`);
    await work().catch((error: Error) => {
      failures++;
      console.error(error.message);
    });
  };
  for (const pair of pairs) {
    await attempt(pair.work, async () => void rows.push(await measure(suite.ours, pair, plan, places)));
  }
  for (const one of toCount) {
    await attempt(`counting ${one.work}`, async () => void counts.push(...(await count(one, places))));
  }
  for (const one of ofMemory) {
    await attempt(`memory of ${one.work}`, async () => void counts.push(...(await peakMemory(one, places))));
  }
  console.log(options.json ? toJson(rows, counts) : toTable(rows, plan, counts));
  if (options.write && failures === 0) {
    const file = new URL("../RESULTS.md", import.meta.url);
    writeFileSync(
      file,
      withSection(readFileSync(file, "utf8"), toSection(suite.name, rows, plan, machineFacts(), counts)),
    );
  }
  return failures === 0 ? 0 : 1;
}
