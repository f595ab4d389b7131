#!/usr/bin/env node
/** The `sconce` command. */
import { parseArgs } from "node:util";
import { doctor } from "./doctor.ts";

const usage = `usage: sconce <command>

  doctor   says which backends open here, and why another does not`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { help: { type: "boolean", short: "h" } },
});
const [command] = positionals;
if (command === "doctor") console.log(await doctor());
else if (values.help || command === undefined) console.log(usage);
else {
  console.error(`sconce: there is no command "${command}".\n\n${usage}`);
  process.exitCode = 2;
}
