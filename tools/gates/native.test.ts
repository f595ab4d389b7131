// The native backend as users get it: its package and the platform package made from the addon built here, packed,
// installed offline into an empty project, and trained with. Nothing is compiled or downloaded on the way.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testsNative } from "../native-addon.ts";
import { root } from "../workspaces.ts";
import { command } from "./command.ts";

const native = join(root, "packages/backend-native");
const project = mkdtempSync(join(tmpdir(), "sconce-native-"));
const platformPackage = `@sconce/backend-native-${process.platform}-${process.arch}`;

afterAll(() => rmSync(project, { recursive: true, force: true }));

async function pack(source: string): Promise<string> {
  const output = await command("npm", ["pack", source, "--json", "--ignore-scripts", "--pack-destination", project]);
  const [{ filename }] = Object.values(JSON.parse(output)) as { filename: string }[];
  return `file:${filename}`;
}

/** An empty project with these tarballs, by package. */
async function installProject(dependencies: Readonly<Record<string, string>>): Promise<void> {
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  await command("npm", ["install", "--offline", "--no-audit", "--no-fund"], { cwd: project });
}

const run = (code: string): Promise<string> =>
  command("node", ["--input-type=module", "--eval", code], { cwd: project });

const training = `
  import { openNative } from "@sconce/backend-native";
  import { compile, grad, Param, randomNormal, withBackend } from "@sconce/core";
  const backend = await openNative();
  const losses = await withBackend(backend, async () => {
    const weight = new Param({ shape: [8, 4], dtype: "float32" }, randomNormal([8, 4]));
    const step = compile((x) => {
      const loss = x.matmul(weight.value).square().mean();
      weight.assign(weight.value.sub(grad(loss, weight)));
      return loss;
    });
    const x = randomNormal([16, 8]);
    const losses = [];
    for (let i = 0; i < 5; i++) losses.push(await (await step(x)).item());
    return losses;
  });
  await backend.close();
  console.log(losses.every((loss, i) => i === 0 || loss < losses[i - 1]));
`;

describe.skipIf(!testsNative)("the native backend, installed", () => {
  let core: Record<string, string>;
  let platform: string;

  beforeAll(async () => {
    const folder = (await command("node", [join(native, "make-platform-package.mjs")])).trim();
    const [ours, itself, addon] = await Promise.all([join(root, "packages/core"), native, folder].map(pack));
    core = { "@sconce/core": ours as string, "@sconce/backend-native": itself as string };
    platform = addon as string;
  });

  test("without a binary imports, and says what is missing when it is opened", async () => {
    await installProject(core);
    const output = await run(`
      import "@sconce/backend-native/register";
      import { openNative } from "@sconce/backend-native";
      await openNative().catch((error) => console.log(error.name, error.message));
    `);
    expect(output).toMatch(/^BackendError native: there is no binary for/);
    expect(output).toContain(`npm install ${platformPackage}`);
  });

  test("with its platform package trains", async () => {
    await installProject({ ...core, [platformPackage]: platform });
    expect(await run(training)).toBe("true\n");
  });
});

test("a page's bundle of the common path holds nothing of the native backend", async () => {
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "sconce";', resolveDir: root },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
  });
  expect(outputFiles[0]?.text).not.toContain("backend-native");
});
