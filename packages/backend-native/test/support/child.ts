/** Runs a script in a process of its own, so that a crash is a failing test. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";

/** The addon's binary; the sanitizers' configuration replaces the path. */
export const binary: string = createRequire(import.meta.url).resolve("../../build/release/sconce.node");

export interface Outcome {
  readonly code: number | null;
  readonly signal: string | null;
  /** Both streams. */
  readonly output: string;
  readonly milliseconds: number;
}

/** Runs test/support/`script` on Node with `input` as its standard input. */
export function runChild(script: string, args: readonly string[], input: string): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(process.execPath, ["--expose-gc", join(import.meta.dirname, script), ...args]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  child.stdin.on("error", () => {}).end(input);
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, output, milliseconds: performance.now() - started }));
  });
}
