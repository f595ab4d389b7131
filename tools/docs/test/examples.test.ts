/** Every TypeScript block of the documentation runs as it is printed. */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const generated = fileURLToPath(new URL("../generated/", import.meta.url));
const documents = globSync(["*.md", "docs/**/*.md", "{packages,apps,examples,tools}/*/README.md"], {
  cwd: root,
}).sort();

afterAll(() => rmSync(generated, { recursive: true, force: true }));

/** The ```ts blocks of a document, with the line each starts on. */
function blocks(document: string): { code: string; line: number }[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => ({
    code: match[1],
    line: text.slice(0, match.index).split("\n").length + 1,
  }));
}

describe.each(documents.filter((document) => blocks(document).length > 0))("%s", (document) => {
  it.for(blocks(document))("runs the block at line $line", async ({ code, line }, context) => {
    const file = join(generated, `${document.replace(/[^a-z0-9]+/gi, "-")}-${line}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${code}\nexport {};\n`);
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await import(/* @vite-ignore */ pathToFileURL(file).href);
    } catch (error) {
      // A machine without any WebGPU cannot run what is written for it; the machine that decides must have one.
      if (process.env.CI || !/^webgpu: there is no adapter/.test((error as Error).message)) throw error;
      context.skip((error as Error).message);
    } finally {
      log.mockRestore();
    }
  });
});

it("finds the documents", () => {
  expect(documents).toContain("README.md");
});

it.each(globSync("packages/*/package.json", { cwd: root }).map((file) => dirname(file)))(
  "%s has a README that opens with an example",
  (folder) => {
    const text = readFileSync(join(root, folder, "README.md"), "utf8");
    expect(text.split("```")[1]).toMatch(/^(ts|sh)\n/);
  },
);
