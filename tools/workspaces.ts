// The packages of this repository, read from their package.json files: for vitest's aliases and for the gates.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Workspace {
  readonly directory: string;
  readonly manifest: Manifest;
}

export const root: string = join(import.meta.dirname, "..");

/** Every package below `packages/`, `apps/`, `examples/` and `tools/`. */
export const workspaces: readonly Workspace[] = ["packages", "apps", "examples", "tools"]
  .filter((group) => existsSync(join(root, group)))
  .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
  .filter((directory) => existsSync(join(directory, "package.json")))
  .map((directory) => ({ directory, manifest: readManifest(directory) }));

/** The packages that are published. */
export const publicPackages: readonly Workspace[] = workspaces.filter(({ manifest }) => !manifest.private);

/** Import specifiers of a package with the source file behind each: `["@sconce/core", ".../core/src/index.ts"]`. */
export function sourceEntries({ directory, manifest }: Workspace): [specifier: string, file: string][] {
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) =>
    typeof target === "string"
      ? []
      : [
          [
            manifest.name + subpath.slice(1),
            join(directory, target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts")),
          ],
        ],
  );
}

export function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}
