// Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer and runs the package's tests with it.
//
// usage: node main.mjs [arguments of vitest]
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

const here = import.meta.dirname;
const root = join(here, "../../../..");
const compiler = process.env.CXX ?? "c++";

const run = (script, args, env) => {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, env, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
};

run(join(here, "../../build-addon.mjs"), ["--sanitize"], process.env);
// Node itself is not built with the runtime, so it has to be there first.
const runtime = execFileSync(compiler, ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
run(
  join(root, "node_modules/vitest/vitest.mjs"),
  ["run", "--config", join(here, "vitest.config.ts"), ...process.argv.slice(2)],
  {
    ...process.env,
    LD_PRELOAD: runtime,
    // What Node keeps until its end is no leak of ours; a refused allocation is tested for.
    ASAN_OPTIONS: "detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=0",
    UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
  },
);
