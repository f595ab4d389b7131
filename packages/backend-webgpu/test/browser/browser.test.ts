/** The backend in a real browser: bundled by esbuild, it trains the network of apps/digits as the cpu backend does. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCpu } from "@sconce/backend-cpu";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { sourceEntries, workspaces } from "../../../../tools/workspaces.ts";
import { findBrowser } from "../../../backend-wasm/test/browser/browser.ts";
import { serve } from "../../../backend-wasm/test/browser/server.ts";
import { trainDigits } from "./training.ts";

const executablePath = findBrowser();
if (!executablePath) {
  const message = "no browser found: install chromium, or name one with CHROME_PATH";
  if (process.env.CI) throw new Error(message);
  console.warn(`${message}; the test in a browser is skipped.`);
}

/** What headless Chromium needs for WebGPU, and not to reach for anything but the page. */
const args = [
  "--enable-unsafe-webgpu",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

describe.skipIf(!executablePath)("in a browser", () => {
  it("the first 50 losses are those of the cpu backend", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "sconce-webgpu-"));
    await build({
      absWorkingDir: import.meta.dirname,
      entryPoints: { app: "app.ts" },
      outdir: folder,
      bundle: true,
      format: "esm",
      target: "es2022",
      logLevel: "silent",
      // The packages' sources, so that the test needs no build.
      alias: Object.fromEntries(workspaces.flatMap(sourceEntries)),
    });
    writeFileSync(join(folder, "index.html"), '<!doctype html><script type="module" src="app.js"></script>');
    const site = await serve(folder, {});
    const browser = await chromium.launch({ executablePath, args });
    try {
      const page = await browser.newPage();
      await page.goto(site.address);
      const inPage = page.evaluate(() => globalThis.webGpuLosses);
      const expected = await trainDigits(openCpu(), 50);
      expect(expected[49]).toBeLessThan(expected[0] - 0.5);
      const report = await inPage;
      expect(report).toEqual(expected.map((loss) => expect.closeTo(loss, 3)));
    } finally {
      await browser.close();
      site.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
