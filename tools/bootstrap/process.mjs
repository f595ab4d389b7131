// Child processes of the bootstrap: with the repository's own commands first on PATH, and with signals passed on.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";

export const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..", "..");
const commands = join(root, "node_modules", ".bin");

/** The system's PATH, without what npm put before it: for npm itself, which may replace node_modules. */
export const systemPath = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((directory) => !directory.includes(join("node_modules", ".bin")))
  .join(delimiter);

/** The Node that the repository brings (an optional dependency), or else the one that runs this file. */
export function node() {
  const own = join(commands, "node");
  return existsSync(own) ? own : process.execPath;
}

/**
 * Runs a command in the root of the repository and resolves to its exit code.
 * With `quiet`, its output appears only if it fails. A signal that ends the child ends this process too.
 */
export function run(command, args, { quiet = false, env = {}, shell = false } = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, PATH: commands + delimiter + systemPath, TURBO_TELEMETRY_DISABLED: "1", ...env },
    stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
    shell,
  });
  const output = [];
  child.stdout?.on("data", (chunk) => output.push(chunk));
  child.stderr?.on("data", (chunk) => output.push(chunk));
  const release = forwardSignals(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      release();
      if (signal) process.kill(process.pid, signal); // A parent then sees what happened, and npm stays silent.
      if (code !== 0) process.stderr.write(Buffer.concat(output));
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/**
 * Passes signals on to the child, one a second at most: npm repeats what it receives.
 * Ctrl-C in a terminal reaches the child without help, since the terminal signals the whole process group.
 * npm's shell would swallow signals, so the scripts in package.json `exec` this process. Should npm itself be killed,
 * the child is terminated too.
 */
function forwardSignals(child) {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const parent = process.ppid;
  let last = -Infinity;
  const forward = (signal) => {
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    if (performance.now() - last < 1000) return;
    last = performance.now();
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  const orphaned = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(orphaned);
    child.kill("SIGTERM");
  }, 1000);
  return () => {
    clearInterval(orphaned);
    for (const signal of signals) process.off(signal, forward);
  };
}
