// The program as a process: it is bundled from the sources, so that no build is needed.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root, sourceEntries, workspaces } from "../../../tools/workspaces.ts";

// Beside node_modules, where the bundle finds what it imports.
const bundle = join(root, "node_modules", ".cache", `digits-${process.pid}.mjs`);
const report = join(mkdtempSync(join(tmpdir(), "digits-")), "r.html");

beforeAll(async () => {
  const sources = new Map(workspaces.flatMap(sourceEntries));
  await build({
    entryPoints: [join(root, "apps/digits/src/main.ts")],
    outfile: bundle,
    bundle: true,
    format: "esm",
    platform: "node",
    plugins: [
      {
        name: "sources",
        setup({ onResolve }) {
          onResolve({ filter: /^[^./]/ }, ({ path }) => {
            const source = sources.get(path);
            return source ? { path: source } : { external: true };
          });
        },
      },
    ],
  });
});

afterAll(() => rmSync(bundle, { force: true }));

interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the program; `onOutput` sees everything printed so far each time there is more. */
function run(args: readonly string[], onOutput?: (output: string, child: ChildProcess) => void): Promise<Outcome> {
  const child = spawn(process.execPath, [bundle, "--report", report, ...args]);
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk) => {
    output += chunk;
    onOutput?.(output, child);
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
    onOutput?.(output + errors, child);
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output, errors })));
}

test("the job reads at least 98 % of the test images", { timeout: 180_000 }, async () => {
  const { code, output, errors } = await run(["--quiet", "--backend", "wasm"]);
  expect([code, errors]).toEqual([0, ""]);
  const [, accuracy] = output.match(/^test accuracy: (\d+\.\d) %\n$/) ?? [];
  expect(Number(accuracy)).toBeGreaterThanOrEqual(98);
  expect(existsSync(report)).toBe(true);
});

test("Ctrl-C ends it after the step under way, with the report and the last line", async () => {
  rmSync(report, { force: true });
  let sent = false;
  const { code, output, errors } = await run(["--epochs", "1000"], (text, child) => {
    if (!sent && text.includes("epoch ")) sent = child.kill("SIGINT");
  });
  expect(code).toBe(130);
  expect(errors).toContain("Stopping after this step; Ctrl-C again leaves at once.");
  expect(output).toMatch(/\ntest accuracy: \d+\.\d %\n$/);
  expect(existsSync(report)).toBe(true);
});

test("a second Ctrl-C ends it at once", async () => {
  rmSync(report, { force: true });
  let sent = 0;
  const { code, output } = await run(["--epochs", "1000", "--batch-size", "1437"], (text, child) => {
    if (sent === 0 && text.includes("epoch ")) sent += Number(child.kill("SIGINT"));
    else if (sent === 1 && text.includes("Stopping")) sent += Number(child.kill("SIGINT"));
  });
  expect(code).toBe(130);
  // It may be faster than the second signal; then it has finished as after the first.
  expect(existsSync(report)).toBe(output.includes("test accuracy"));
});

test("wrong arguments are told, with exit code 2", async () => {
  expect(await run(["--epochs", "none"])).toEqual({
    code: 2,
    output: "",
    errors: '--epochs is "none"; give a whole number of at least 1.\nRun with --help for the options.\n',
  });
  const { code, errors } = await run(["--backend", "abacus"]);
  expect([code, errors]).toEqual([
    2,
    expect.stringContaining('no backend named "abacus" is registered (cpu, native, wasm)'),
  ]);
});

test("--help shows the options", async () => {
  const { code, output } = await run(["--help"]);
  expect(code).toBe(0);
  expect(output).toMatch(/^usage: npm start -- \[options\]/);
});
