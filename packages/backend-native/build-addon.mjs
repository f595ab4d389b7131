/**
 * Compiles the addon with the system's C++ compiler into build/release/sconce.node. Nothing is downloaded.
 *
 * usage: node build-addon.mjs [--if-possible] [--sanitize] [--static]
 *   --if-possible  says what is missing and succeeds where there is no compiler or no oneDNN
 *   --static       with oneDNN and the C++ library inside, for a platform package; CXXFLAGS and LDFLAGS say where oneDNN is
 *   --sanitize     with AddressSanitizer and UndefinedBehaviorSanitizer, into build/sanitize
 */
import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const compiler = process.env.CXX ?? "c++";
const sanitize = process.argv.includes("--sanitize");
const isStatic = process.argv.includes("--static");
const isMac = process.platform === "darwin";
/** Nothing of oneDNN or the C++ library is seen from outside, since Node has its own; OpenMP's library lies beside the addon. */
const linkInside = isMac
  ? ["-Wl,-rpath,@loader_path"]
  : ["-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL", "-Wl,-rpath,$ORIGIN"];
/** Node's functions are found when the addon is loaded; anything that is not found then refuses it, instead of a crash later. */
const linkDynamic = isMac ? ["-undefined", "dynamic_lookup"] : ["-Wl,-z,now"];
const link = ["-shared", ...linkDynamic, ...(isStatic ? linkInside : [])];
/** The flags that an environment variable adds, as for make. */
const words = (variable) => (process.env[variable] ?? "").split(/\s+/).filter(Boolean);
const ifPossible = process.argv.includes("--if-possible");
const output = join(here, "build", sanitize ? "sanitize" : "release");

const missing = whatIsMissing();
if (missing) {
  console.log(`@sconce/backend-native: the addon is not built: ${missing}`);
  process.exit(ifPossible ? 0 : 1);
}

const { include_dir: nodeHeaders } = createRequire(import.meta.url)("node-api-headers");
const common = [
  "-std=c++17",
  "-fPIC",
  "-fopenmp",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
  "-I",
  nodeHeaders,
  ...words("CXXFLAGS"),
];
const flags = sanitize
  ? [
      ...common,
      "-O1",
      "-g",
      "-fno-omit-frame-pointer",
      "-fsanitize=address,undefined",
      "-fno-sanitize-recover=undefined",
    ]
  : [...common, "-O3", "-fno-math-errno", "-fno-trapping-math"];
/** Instruction sets that files named *blocks.cc are compiled for; see addon/instruction_sets.h. */
const variants =
  process.arch === "x64"
    ? { avx512: ["-march=x86-64-v4", "-mprefer-vector-width=512"], avx2: ["-march=x86-64-v3"], baseline: [] }
    : { baseline: [] };

mkdirSync(output, { recursive: true });
const objects = [];
const jobs = [];
for (const source of sources(join(here, "addon"))) {
  const isBlocks = source.endsWith("blocks.cc");
  for (const [variant, extra] of Object.entries(isBlocks ? variants : { plain: [] })) {
    const object = join(output, `${source.slice(here.length + 7).replaceAll("/", "-")}.${variant}.o`);
    objects.push(object);
    const own = isBlocks ? [`-DSCONCE_ISA=${variant}`, ...extra] : [];
    if (isOlder(object, readBy(object))) jobs.push([...flags, ...own, "-MMD", "-c", source, "-o", object]);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work));

const target = join(output, "sconce.node");
if (isOlder(target, objects)) {
  const temporary = `${target}.${process.pid}`;
  await run([...flags, ...link, ...objects, ...words("LDFLAGS"), "-ldnnl", "-o", temporary]);
  renameSync(temporary, target);
}
if (isStatic && !isMac) {
  const library = execFileSync(compiler, ["-print-file-name=libgomp.so.1"], { encoding: "utf8" }).trim();
  copyFileSync(library, join(output, "libgomp.so.1"));
}
console.log(`@sconce/backend-native: ${target.slice(here.length + 1)} is up to date`);

function whatIsMissing() {
  try {
    execFileSync(compiler, ["--version"], { stdio: "ignore" });
  } catch {
    return `no C++ compiler (${compiler}); install g++ or clang++, or set CXX`;
  }
  try {
    execFileSync(compiler, [...words("CXXFLAGS"), "-x", "c++", "-E", "-"], {
      input: "#include <dnnl.hpp>\n",
      stdio: ["pipe", "ignore", "ignore"],
    });
  } catch {
    return "oneDNN's headers are missing; install libdnnl-dev (Debian, Ubuntu) or onednn (Homebrew)";
  }
  return undefined;
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".cc"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** The files that `object` was compiled from, as the compiler noted them beside it (-MMD), and this script with its flags. */
function readBy(object) {
  const notes = object.replace(/o$/, "d");
  if (!existsSync(notes)) return [notes];
  const [, files] = readFileSync(notes, "utf8")
    .replaceAll("\\\n", " ")
    .split(/:\s(.*)/s);
  const unescaped = files
    .trim()
    .split(/(?<!\\)\s+/)
    .map((file) => file.replaceAll("\\ ", " "));
  return [...unescaped, fileURLToPath(import.meta.url)];
}

/** Whether `file`, or one of those that it is made `from`, is missing, or one of those is newer. */
function isOlder(file, from) {
  if (![file, ...from].every(existsSync)) return true;
  const made = statSync(file).mtimeMs;
  return from.some((each) => statSync(each).mtimeMs > made);
}

async function work() {
  for (let job = jobs.shift(); job; job = jobs.shift()) await run(job);
}

async function run(parameters) {
  try {
    const { stderr } = await promisify(execFile)(compiler, parameters, { maxBuffer: 1 << 26 });
    if (stderr) process.stderr.write(stderr);
  } catch (error) {
    process.stderr.write(error.stderr ?? String(error));
    process.exit(1);
  }
}
