/**
 * Threads for tfjs-backend-wasm under Node, which the package offers to browsers only.
 *
 * It hands the programs of its threads over as Blobs, and Node's threads need files: the one that it starts becomes a
 * file, and in it, what refers to the main program refers to the package's own file.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interceptBlobs } from "./blob-programs.ts";

/** Makes ready for `threads` threads; `program` is the package's file of what they run. */
export function allowThreads(program: string, threads: number): void {
  const folder = mkdtempSync(join(tmpdir(), "tfjs-threads-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const prelude = `URL.createObjectURL = () => ${JSON.stringify(program)}; URL.revokeObjectURL = () => {};\n`;
  let files = 0;
  interceptBlobs((started) => {
    // One for each thread: none may change while it is read.
    const file = join(folder, `thread${files++}.cjs`);
    writeFileSync(file, prelude + started);
    return file;
  });
  // The package takes half the processors at most. Its module of the system's facts is the CommonJS one.
  const system = createRequire(import.meta.url)("node:os") as typeof import("node:os");
  const processors = system.cpus();
  system.cpus = () => Array.from({ length: 2 * threads }, (_, i) => processors[i % processors.length]);
}
