/** usage: node dist/main.js [report.html] */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import "@sconce/backend-cpu/register";
import { experiment } from "./experiment.ts";
import { renderReport } from "./report.ts";

const file = resolve(process.argv[2] ?? "vanishing-gradients.html");
await writeFile(file, renderReport(await experiment()));
console.log(`Wrote ${file}`);
