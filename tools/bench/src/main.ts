/**
 * Benchmarks of Sconce beside its peers. usage: npm run bench -- SUITE [--only NAME] [--quick] [--json] [--write]
 *
 * --only NAME  only works whose name contains NAME
 * --quick      fewer runs: an impression, no result
 * --json       prints one line of JSON instead of a table
 * --write      records the results in RESULTS.md
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machineFacts } from "./machine.ts";
import { measure } from "./measure.ts";
import { type Row, toJson, toSection, toTable, withSection } from "./report.ts";
import { cpu } from "./suites/cpu.ts";
import type { Suite } from "./suites/suite.ts";
import { quick, thorough } from "./timing.ts";

const suites: Readonly<Record<string, Suite>> = { cpu };
const folders = { main: import.meta.url, packages: fileURLToPath(new URL("../peers/", import.meta.url)) };

process.exitCode = await main();

async function main(): Promise<number> {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const suite = suites[positionals[0] ?? ""];
  if (!suite) {
    console.error(`expected a suite (${Object.keys(suites).join(", ")}); got ${positionals[0] ?? "none"}`);
    return 2;
  }
  const pairs = suite.pairs.filter(({ work }) => work.includes(options.only));
  if (pairs.length === 0) {
    console.error(
      `no work of ${suite.name} is named like ${options.only}; there are ${suite.pairs.map(({ work }) => work).join(", ")}`,
    );
    return 2;
  }
  const plan = options.quick ? quick : thorough;
  const rows: Row[] = [];
  let failures = 0;
  for (const pair of pairs) {
    console.error(`${pair.work} ...`);
    try {
      rows.push(await measure(suite.ours, pair, plan, folders));
    } catch (error) {
      failures++;
      console.error((error as Error).message);
    }
  }
  console.log(options.json ? toJson(rows) : toTable(rows, plan));
  if (options.write && failures === 0) {
    const file = new URL("../RESULTS.md", import.meta.url);
    writeFileSync(file, withSection(readFileSync(file, "utf8"), toSection(suite.name, rows, plan, machineFacts())));
  }
  return failures === 0 ? 0 : 1;
}
