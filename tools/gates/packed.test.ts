// The packages as users get them: packed, examined, installed into an empty project, imported and bundled.
// Nothing is downloaded: the few dependencies from elsewhere are packed from node_modules as well.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publicPackages, readManifest, root } from "../workspaces.ts";
import { command } from "./command.ts";

const names = publicPackages.map(({ manifest }) => manifest.name);
/** What a package may ship. */
const shipped = /^(LICENSE|NOTICE|README\.md|CHANGELOG\.md|package\.json|dist\/.+\.(js|js\.map|d\.ts))$/;

const project = mkdtempSync(join(tmpdir(), "sconce-pack-"));
const tarballs = new Map<string, string>();
const contents = new Map<string, readonly string[]>();

/** Dependencies of the packages that are not packages of this repository, and their dependencies. */
function foreignDependencies(): string[] {
  const found = new Set<string>();
  const visit = (dependencies: Readonly<Record<string, string>> = {}): void => {
    for (const name of Object.keys(dependencies)) {
      if (names.includes(name) || found.has(name)) continue;
      found.add(name);
      visit(readManifest(join(root, "node_modules", name)).dependencies);
    }
  };
  for (const { manifest } of publicPackages) visit(manifest.dependencies);
  return [...found];
}

async function pack(name: string): Promise<void> {
  const source = join(root, "node_modules", name);
  const output = await command("npm", ["pack", source, "--json", "--ignore-scripts", "--pack-destination", project]);
  const [packed] = Object.values(JSON.parse(output)) as { filename: string; files: { path: string }[] }[];
  const files = packed!.files.map((file) => file.path);
  tarballs.set(name, packed!.filename);
  contents.set(name, files);
}

beforeAll(async () => {
  await Promise.all([...names, ...foreignDependencies()].map(pack));
  const dependencies = Object.fromEntries([...tarballs].map(([name, file]) => [name, `file:${file}`]));
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  // Peers such as vitest stay out: nothing but the package that names one may need it.
  await command("npm", ["install", "--offline", "--legacy-peer-deps", "--ignore-scripts"], { cwd: project });
  cpSync(join(import.meta.dirname, "program"), project, { recursive: true });
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe.each(publicPackages)("$manifest.name", ({ directory, manifest }) => {
  const { name, exports = {}, peerDependencies = {} } = manifest;

  test("holds its build and its licence, and nothing else", () => {
    const files = contents.get(name)!;
    expect(files.filter((file) => !shipped.test(file))).toEqual([]);
    expect(files).toContain("LICENSE");
    expect(readFileSync(join(directory, "LICENSE"), "utf8")).toBe(readFileSync(join(root, "LICENSE"), "utf8"));
  });

  test("passes publint", async () => {
    const tarball = readFileSync(join(project, tarballs.get(name)!));
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test("has types that resolve", async () => {
    await command("attw", [join(project, tarballs.get(name)!), "--profile", "esm-only", "--no-emoji"]);
  });

  test("can be imported", async () => {
    for (const peer of Object.keys(peerDependencies).filter((peer) => !names.includes(peer))) {
      symlinkSync(join(root, "node_modules", peer), join(project, "node_modules", peer), "junction");
    }
    for (const subpath of Object.keys(exports).filter((key) => !key.endsWith(".json"))) {
      const specifier = name + subpath.slice(1);
      await command("node", ["--input-type=module", "--eval", `await import("${specifier}")`], { cwd: project });
    }
  });
});

test("the program and all types check without skipLibCheck", async () => {
  // Without the packages that need a peer from elsewhere: its types are not ours to check.
  const independent = publicPackages.filter(({ manifest }) =>
    Object.keys(manifest.peerDependencies ?? {}).every((peer) => names.includes(peer)),
  );
  const all = independent.map(({ manifest }) => `export type {} from "${manifest.name}";\n`);
  writeFileSync(join(project, "all.mts"), all.join(""));
  const options = ["--noEmit", "--strict", "--allowJs", "--checkJs", "--target", "es2022", "--types", ""];
  for (const module of ["nodenext", "preserve"]) {
    const lib = "es2022,esnext.disposable,dom";
    await command("tsc", [...options, "--lib", lib, "--module", module, "all.mts", "program.mjs"], { cwd: project });
  }
});

test("a program runs from the installed packages", async () => {
  const expected = readFileSync(join(project, "expected.txt"), "utf8");
  expect(await command("node", ["program.mjs"], { cwd: project })).toBe(expected);
});

test("a program runs from a bundle", async () => {
  const expected = readFileSync(join(project, "expected.txt"), "utf8");
  await build({
    absWorkingDir: project,
    entryPoints: ["program.mjs"],
    outfile: join(project, "bundle.mjs"),
    bundle: true,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
  });
  expect(await command("node", ["bundle.mjs"], { cwd: project })).toBe(expected);
});
