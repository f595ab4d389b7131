/** Results are right with the kernels of every instruction set, each in a process of its own; and mistakes are told. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { root } from "../../../../tools/workspaces.ts";
import { loadAddon } from "../../src/addon.ts";
import { binary } from "../support/child.ts";

const variable = "SCONCE_NATIVE_INSTRUCTIONS";
const all = ["baseline", "avx2", "avx512"];
const best = testsNative && !process.env[variable] ? all.indexOf(loadAddon().instructionSet()) : 0;

/** Runs Node with the variable set, and without what vitest says to its workers. */
function run(set: string, args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")));
  const child = spawn(process.execPath, args, { cwd: root, env: { ...env, [variable]: set } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
}

/** What opening the addon says. */
const opening = (set: string): ReturnType<typeof run> =>
  run(set, [
    "-e",
    `try { require(${JSON.stringify(binary)}).open(1) } catch (error) { console.log(error.code, error.message) }`,
  ]);

test.runIf(testsNative && best > 0).each(all.slice(0, Math.max(best, 1)))("%s", { timeout: 600_000 }, async (set) => {
  const config = join(import.meta.dirname, "vitest.config.ts");
  const { code, output } = await run(set, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", config]);
  expect(code, output).toBe(0);
});

test.runIf(testsNative)("a name that there is not", async () => {
  const { output } = await opening("sse9");
  expect(output).toContain(`SCONCE_ARGUMENT native: ${variable} is sse9; it can be baseline, avx2 or avx512`);
});

test.runIf(testsNative && !process.env[variable] && best < 2)("one that the processor lacks", async () => {
  const { output } = await opening("avx512");
  expect(output).toContain(
    `SCONCE_ARGUMENT native: ${variable} is avx512, which this processor lacks; its best is ${all[best]}`,
  );
});
