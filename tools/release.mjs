// Publishes a release: the platform packages of the native backend first, then all packages with their names in it.
// A version that the registry has already is passed over, so a release that stopped halfway can be run again.
//
// usage: node tools/release.mjs FOLDER (of the platform packages' tarballs)
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const native = "packages/backend-native";
const { version } = JSON.parse(readFileSync(join(native, "package.json"), "utf8"));
const run = (command, ...args) => execFileSync(command, args, { stdio: "inherit" });

function isPublished(name) {
  try {
    return execFileSync("npm", ["view", `${name}@${version}`, "version"], { encoding: "utf8" }).trim() === version;
  } catch {
    return false;
  }
}

/** sconce-backend-native-linux-x64-0.1.0.tgz gives linux-x64. */
const platforms = readdirSync(folder).flatMap((file) => {
  const [, platform] = file.match(/^sconce-backend-native-([a-z0-9]+-[a-z0-9]+)-\d.*\.tgz$/) ?? [];
  return platform ? [{ platform, tarball: join(folder, file) }] : [];
});
if (platforms.length === 0) throw new Error(`${folder} holds no platform package.`);

run("npm", "run", "gates");
for (const { platform, tarball } of platforms) {
  if (!isPublished(`@sconce/backend-native-${platform}`)) run("npm", "publish", tarball, "--access", "public");
}
run("node", join(native, "name-platform-packages.mjs"), ...platforms.map(({ platform }) => platform));
run("npx", "changeset", "publish");
