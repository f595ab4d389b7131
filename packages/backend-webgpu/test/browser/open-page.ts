/** A page in headless Chromium that has WebGPU, its script bundled by esbuild from the packages' sources. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";
import { sourceEntries, workspaces } from "../../../../tools/workspaces.ts";
import { findBrowser } from "../../../backend-wasm/test/browser/browser.ts";
import { serve } from "../../../backend-wasm/test/browser/server.ts";

/** The browser to test in; undefined, with a message, where there is none. */
export const executablePath: string | undefined = findBrowser();
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
  // SwiftShader may compile a shader for longer than the watchdog waits on a busy machine.
  "--disable-gpu-watchdog",
  // The kit collects garbage before it counts bytes.
  "--js-flags=--expose-gc",
];

export interface OpenPage {
  readonly page: Page;
  close(): Promise<void>;
}

/** Opens a page with this script, a file of this folder. */
export async function openPage(script: string): Promise<OpenPage> {
  const folder = mkdtempSync(join(tmpdir(), "sconce-webgpu-"));
  await build({
    absWorkingDir: import.meta.dirname,
    entryPoints: { page: script },
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "silent",
    // The packages' sources, so that the test needs no build; vitest stays in Node.
    alias: Object.fromEntries(workspaces.flatMap(sourceEntries)),
    external: ["vitest"],
  });
  writeFileSync(join(folder, "index.html"), '<!doctype html><script type="module" src="page.js"></script>');
  const site = await serve(folder, {});
  const browser = await chromium.launch({ executablePath, args });
  const close = async (): Promise<void> => {
    await browser.close();
    site.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const page = await browser.newPage();
    await page.goto(site.address);
    return { page, close };
  } catch (error) {
    await close();
    throw error;
  }
}
