// `npm ci`, but only when what is installed differs from the lock file.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { node, root, run, systemPath } from "./process.mjs";

/** True if every package of the lock file is installed in the version that the lock file names. */
export function isInstalled() {
  const locked = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  return Object.entries(locked).every(([path, entry]) => {
    if (!path.startsWith("node_modules/")) return true;
    const found = installed[path];
    return found ? found.version === entry.version && found.integrity === entry.integrity : Boolean(entry.optional);
  });
}

/** Packages by path; none where the file is absent, as after an interrupted installation. */
function readPackages(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, "utf8")).packages : {};
}

export async function install() {
  const windows = process.platform === "win32";
  const code = await run("npm", ["ci"], { quiet: true, env: { PATH: systemPath }, shell: windows });
  if (code === 0) dropForeignNode();
  return code;
}

/** Where the packaged Node cannot run (another C library, say), removes its command, so that the system's Node is used. */
function dropForeignNode() {
  if (node() !== process.execPath && spawnSync(node(), ["--version"]).status !== 0) rmSync(node());
}
