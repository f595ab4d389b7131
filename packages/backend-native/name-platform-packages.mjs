/**
 * Adds the platform packages to the optionalDependencies of package.json, just before it is published: until then they
 * do not exist, and neither an install nor the lock file of this repository could resolve them.
 *
 * usage: node name-platform-packages.mjs PLATFORM... (such as linux-x64)
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const platforms = process.argv.slice(2);
if (platforms.length === 0 || !platforms.every((platform) => /^[a-z0-9]+-[a-z0-9]+$/.test(platform))) {
  console.error("usage: node name-platform-packages.mjs PLATFORM...");
  process.exit(2);
}
const file = join(import.meta.dirname, "package.json");
const manifest = JSON.parse(readFileSync(file, "utf8"));
manifest.optionalDependencies = Object.fromEntries(
  platforms.map((platform) => [`${manifest.name}-${platform}`, manifest.version]),
);
writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
