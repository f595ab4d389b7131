/**
 * The backend in a real browser: on the page's thread and in a worker, with and without threads, under a strict
 * content security policy, bundled by esbuild and by vite. Its losses are those of Node.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import type { Browser } from "playwright-core";
import { build as buildWithVite } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBrowser, startBrowser } from "./browser.ts";
import { serve } from "./server.ts";
import { type Report, trainSteps } from "./training.ts";

const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const policy = (scripts: string) => ({
  "Content-Security-Policy": `default-src 'none'; script-src ${scripts}; worker-src 'self'; connect-src 'self'`,
});
const strict = policy("'self' 'wasm-unsafe-eval'");

const executable = findBrowser();
if (!executable) {
  const message = "no browser found: install chromium, or name one with CHROME_PATH";
  if (process.env.CI) throw new Error(message);
  console.warn(`${message}; the tests in a browser are skipped.`);
}

describe.skipIf(!executable)("in a browser", () => {
  const root = mkdtempSync(join(tmpdir(), "sconce-browser-"));
  const [bundled, workerless, vite] = ["bundled", "workerless", "vite"].map((name) => join(root, name));
  let browser: Browser;
  let inNode: Report;

  beforeAll(async () => {
    const here = import.meta.dirname;
    // The one thing that esbuild has to be told: the worker is an entry, next to the app.
    const entryPoints = { app: "app.ts", "app-worker": "app-worker.ts", worker: "@sconce/backend-wasm/worker" };
    const settings = { bundle: true, minify: true, format: "esm", target: "es2022", logLevel: "silent" } as const;
    await bundle({ absWorkingDir: here, entryPoints, outdir: bundled, ...settings });
    writeFileSync(join(bundled, "index.html"), '<!doctype html><script type="module" src="app.js"></script>');
    cpSync(bundled, workerless, { recursive: true });
    rmSync(join(workerless, "worker.js"));
    await buildWithVite({
      root: here,
      configFile: false,
      logLevel: "silent",
      build: { outDir: vite, emptyOutDir: true },
    });
    browser = await startBrowser(executable as string);
    inNode = await trainSteps({ threads: 2 });
    expect(inNode.losses[4]).toBeLessThan(inNode.losses[0]);
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(root, { recursive: true, force: true });
  });

  /** What the page at `path` of a site reports. */
  async function visit(folder: string, headers: Readonly<Record<string, string>>, path = ""): Promise<Report | string> {
    const site = await serve(folder, headers);
    const page = await browser.newPage();
    try {
      await page.goto(site.address + path);
      return await page.evaluate(() => globalThis.report);
    } finally {
      await page.close();
      site.close();
    }
  }

  function expectLossesOfNode(report: Report | string): void {
    expect(report).toMatchObject({ losses: inNode.losses.map((loss) => expect.closeTo(loss, 5)) });
  }

  it.each([
    { what: "the page's thread", path: "" },
    { what: "a module worker", path: "?worker" },
  ])("has threads on $what of an isolated page", async ({ path }) => {
    const report = await visit(bundled, { ...isolated, ...strict }, path);
    expectLossesOfNode(report);
    expect(report).toMatchObject({ threads: { count: 2 } });
  });

  it.each([
    { what: "the page's thread", path: "" },
    { what: "a module worker", path: "?worker" },
  ])("works without threads on $what of another page, and says why", async ({ path }) => {
    const report = await visit(bundled, strict, path);
    expectLossesOfNode(report);
    expect(report).toMatchObject({ threads: { count: 1, reason: expect.stringMatching(/not cross-origin isolated/) } });
  });

  it("works without threads where the worker was not bundled, and says why", async () => {
    const report = await visit(workerless, { ...isolated, ...strict });
    expectLossesOfNode(report);
    expect(report).toMatchObject({
      threads: { count: 1, reason: expect.stringMatching(/script could not be loaded/) },
    });
  });

  it("does not open where the policy forbids WebAssembly, and says what to allow", async () => {
    expect(await visit(bundled, policy("'self'"))).toMatch(/content security policy say script-src 'wasm-unsafe-eval'/);
  });

  it("is bundled by vite, worker included", async () => {
    expect(readdirSync(join(vite, "assets")).filter((name) => /^worker-.*\.js$/.test(name))).toHaveLength(1);
    const report = await visit(vite, { ...isolated, ...strict });
    expectLossesOfNode(report);
    expect(report).toMatchObject({ threads: { count: 2 } });
  });
});
