// A package imports only from floors below its own, imports only what it declares, and never reaches into another's files.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";
import { describe, expect, test } from "vitest";
import { publicPackages, root, type Workspace, workspaces } from "../workspaces.ts";

const floors: readonly (readonly string[])[] = [
  ["core"],
  ["backend-cpu", "backend-wasm", "backend-webgpu", "backend-native", "conformance", "formats", "data"],
  ["layers", "augmentation"],
  ["losses", "optimizers"],
  ["models", "training"],
  ["detection", "distributed"],
];

function floor(name: string): number {
  if (name === "sconce") return floors.length;
  const index = floors.findIndex((names) => names.includes(name.replace("@sconce/", "")));
  if (index < 0) throw new Error(`${name} has no floor yet: give it one in tools/gates/floors.test.ts`);
  return index;
}

const ours = (name: string): boolean => name === "sconce" || name.startsWith("@sconce/");

/** The package part of a specifier: "@sconce/backend-cpu/register" gives "@sconce/backend-cpu". */
const packageOf = (specifier: string): string => specifier.match(/^(@[^/]+\/)?[^/]+/)![0];

/** Every import and export specifier in a package's sources, types and literal dynamic imports included. */
function imports({ directory }: Workspace): { file: string; specifier: string }[] {
  const source = join(directory, "src");
  return readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => {
      const file = join(source, path);
      const code = readFileSync(file, "utf8");
      const { staticImports, staticExports, dynamicImports } = parseSync(file, code).module;
      const statically = [...staticImports, ...staticExports.flatMap(({ entries }) => entries)]
        .map(({ moduleRequest }) => moduleRequest?.value)
        .filter((specifier) => specifier !== undefined);
      const dynamically = dynamicImports
        .map(({ moduleRequest: { start, end } }) => code.slice(start, end).match(/^["'](.+)["']$/)?.[1])
        .filter((specifier) => specifier !== undefined);
      return [...statically, ...dynamically].map((specifier) => ({ file, specifier }));
    });
}

describe.each(publicPackages)("$manifest.name", (workspace) => {
  const { name } = workspace.manifest;
  const declared = { ...workspace.manifest.dependencies, ...workspace.manifest.peerDependencies };
  const found = imports(workspace);

  test("depends only on lower floors", () => {
    const used = [...Object.keys(declared), ...found.map(({ specifier }) => packageOf(specifier))];
    const wrong = new Set(used.filter((other) => ours(other) && other !== name && floor(other) >= floor(name)));
    expect([...wrong]).toEqual([]);
  });

  test("declares what it imports", () => {
    const undeclared = found.filter(
      ({ specifier }) => !/^(\.|node:)/.test(specifier) && !(packageOf(specifier) in declared),
    );
    expect(undeclared).toEqual([]);
  });

  test("keeps relative imports inside src", () => {
    const source = join(workspace.directory, "src");
    const escaping = found.filter(
      ({ file, specifier }) =>
        specifier.startsWith(".") && relative(source, resolve(dirname(file), specifier)).startsWith(".."),
    );
    expect(escaping).toEqual([]);
  });
});

test("the root tsconfig.json refers to every package", () => {
  const config = readFileSync(join(root, "tsconfig.json"), "utf8");
  const missing = workspaces
    .map(({ directory }) => relative(root, directory))
    .filter((path) => !config.includes(`"path": "${path}"`));
  expect(missing).toEqual([]);
});
