// Runs a command and fails with everything it printed.
import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";
import { root } from "../workspaces.ts";

/** Resolves to the standard output; rejects with both outputs if the command fails. */
export function command(
  file: string,
  args: readonly string[],
  { cwd = root, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const path = join(root, "node_modules", ".bin") + delimiter + process.env.PATH;
  return new Promise((resolve, reject) => {
    execFile(
      file,
      args,
      { cwd, env: { ...process.env, PATH: path, ...env }, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`${file} ${args.join(" ")}\n${stdout}${stderr}`));
        else resolve(stdout);
      },
    );
  });
}
