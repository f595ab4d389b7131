/**
 * Compiles the addon with the system's C++ compiler into build/sconce.node. Nothing is downloaded.
 *
 * usage: node build-addon.mjs [--if-possible] [--sanitize]
 *   --if-possible  says what is missing and succeeds where there is no compiler or no oneDNN
 *   --sanitize     with AddressSanitizer and UndefinedBehaviorSanitizer, into build/sanitize
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const compiler = process.env.CXX ?? "c++";
const sanitize = process.argv.includes("--sanitize");
const ifPossible = process.argv.includes("--if-possible");
const output = join(here, "build", sanitize ? "sanitize" : "release");

const missing = whatIsMissing();
if (missing) {
  console.log(`@sconce/backend-native: the addon is not built: ${missing}`);
  process.exit(ifPossible ? 0 : 1);
}

const { include_dir: nodeHeaders } = createRequire(import.meta.url)("node-api-headers");
const common = ["-std=c++17", "-fPIC", "-fopenmp", "-fvisibility=hidden", "-Wall", "-Wextra", "-I", nodeHeaders];
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
    if (isOlder(object)) jobs.push([...flags, ...own, "-c", source, "-o", object]);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work));

const target = join(output, "sconce.node");
if (jobs.length === 0 && isOlder(target)) {
  const temporary = `${target}.${process.pid}`;
  await run([...flags, "-shared", ...objects, "-ldnnl", "-o", temporary]);
  renameSync(temporary, target);
}
console.log(`@sconce/backend-native: ${target.slice(here.length + 1)} is up to date`);

function whatIsMissing() {
  try {
    execFileSync(compiler, ["--version"], { stdio: "ignore" });
  } catch {
    return `no C++ compiler (${compiler}); install g++ or clang++, or set CXX`;
  }
  try {
    execFileSync(compiler, ["-x", "c++", "-E", "-"], {
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

/** Whether `file` is missing or older than any source or header. */
function isOlder(file) {
  if (!existsSync(file)) return true;
  const made = statSync(file).mtimeMs;
  return readdirSync(join(here, "addon"), { withFileTypes: true, recursive: true }).some(
    (entry) => entry.isFile() && statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs > made,
  );
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
