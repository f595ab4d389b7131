// What `npm start`, `npm test` and their kin do first in any clone: install what is missing, build what changed.
// Plain JavaScript without dependencies, because it runs before anything is installed, on any Node from 20.
//
// usage: node tools/bootstrap/main.mjs start|test|bench|build|typecheck|gates [arguments]
import { install, isInstalled } from "./install.mjs";
import { node, run } from "./process.mjs";

const turbo = (...tasks) => [
  "node_modules/turbo/bin/turbo",
  "run",
  ...tasks,
  "--output-logs=errors-only",
  "--log-prefix=none",
];
const vitest = (...args) => ["node_modules/vitest/vitest.mjs", "run", ...args];

/** Per command: the turbo tasks that must be done, and what Node then runs. */
const commands = {
  start: { tasks: ["build"], script: (args) => ["--enable-source-maps", "apps/digits/dist/main.js", ...args] },
  test: { tasks: ["build"], script: (args) => vitest(...args) },
  bench: { tasks: ["build"], script: (args) => ["--enable-source-maps", "tools/bench/dist/main.js", ...args] },
  build: { tasks: ["build", "types"] },
  typecheck: { tasks: ["types"] },
  gates: { tasks: ["build", "types"], script: (args) => vitest("--config", "tools/gates/vitest.config.ts", ...args) },
};

/** Runs one quiet stage, and reports how long it took or leaves with its exit code. */
async function stage(title, work) {
  const start = performance.now();
  const code = await work();
  if (code !== 0) process.exit(code);
  console.log(`${title} ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

const [name, ...args] = process.argv.slice(2);
const command = commands[name];
if (!command) {
  console.error(`expected one of ${Object.keys(commands).join(", ")}; got ${name}`);
  process.exit(2);
}
if (!isInstalled()) await stage("installed in", install);
await stage("built in", () => run(node(), turbo(...command.tasks), { quiet: true }));
if (command.tasks.includes("build")) await run(node(), ["packages/backend-native/build-addon.mjs", "--if-possible"]);
if (command.script) process.exitCode = await run(node(), command.script(args));
