/**
 * Makes the npm package that carries the addon for this platform, from the addon that build-addon.mjs built: such as
 * build/package/sconce-backend-native-linux-x64, ready for `npm pack` and `npm publish`.
 *
 * usage: node make-platform-package.mjs
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const built = join(here, "build/release");
if (!existsSync(join(built, "sconce.node"))) {
  console.error("There is no addon to pack: run node build-addon.mjs first.");
  process.exit(1);
}
/** The addon, and OpenMP's library where build-addon.mjs --static put it beside. */
const binaries = readdirSync(built).filter((name) => /^(sconce\.node|lib.+\.(so\.\d+|dylib))$/.test(name));
const own = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const platform = `${process.platform}-${process.arch}`;
const folder = join(here, "build/package", `sconce-backend-native-${platform}`);

/** The C library that a Linux binary is linked with: npm leaves the package out where another one is installed. */
const glibc = process.platform === "linux" && process.report.getReport().header.glibcVersionRuntime !== undefined;

const manifest = {
  name: `${own.name}-${platform}`,
  version: own.version,
  description: `The addon of ${own.name} for ${platform}.`,
  license: "MIT AND Apache-2.0",
  author: own.author,
  os: [process.platform],
  cpu: [process.arch],
  ...(process.platform === "linux" && { libc: [glibc ? "glibc" : "musl"] }),
  main: "./sconce.node",
  files: [...binaries, "NOTICE"],
  engines: own.engines,
};

const readme = `# ${manifest.name}

The compiled part of [\`${own.name}\`](https://www.npmjs.com/package/${own.name}) for ${platform}. That package asks for it by itself.
`;

const notice = `sconce.node contains oneDNN (https://github.com/oneapi-src/oneDNN), copyright Intel Corporation and other
contributors, under the Apache License, Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0), or links to the
system's own copy of it. A library libgomp beside it is GCC's (https://gcc.gnu.org), under the GNU General Public License,
version 3, with the GCC Runtime Library Exception; libomp is LLVM's (https://llvm.org), under the Apache License, Version
2.0, with LLVM Exceptions. Everything else is Sconce, under the MIT licence in LICENSE.
`;

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const name of binaries) copyFileSync(join(built, name), join(folder, name));
copyFileSync(join(here, "LICENSE"), join(folder, "LICENSE"));
writeFileSync(join(folder, "NOTICE"), notice);
writeFileSync(join(folder, "README.md"), readme);
writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(folder);
