/** Installs the peers' packages on first use, in a folder of their own: nobody else downloads them. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Runs `npm ci` in `folder` unless what its lock file names is installed; no peer needs its install scripts. */
export function installPeers(folder: string): void {
  if (isInstalled(folder)) return;
  console.error(`installing ${basename(folder)} ...`);
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0)
    throw new Error(`npm ci failed in ${folder}; correct what it reports above and run the benchmark again.`);
}

function isInstalled(folder: string): boolean {
  const installed = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const versions = (file: string): string =>
    JSON.stringify(
      Object.entries(JSON.parse(readFileSync(file, "utf8")).packages as Record<string, { version?: string }>)
        .filter(([path]) => path !== "")
        .map(([path, { version }]) => [path, version])
        .sort(),
    );
  return versions(installed) === versions(join(folder, "package-lock.json"));
}
