/** The parent's side of a participant: a process of its own, asked for one run at a time. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Run } from "../timing.ts";
import type { Reply } from "./serve.ts";

export class Child {
  readonly #name: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #errors = "";

  constructor(name: string, script: string, args: readonly string[]) {
    this.#name = name;
    this.#process = spawn(process.execPath, [script, ...args], { stdio: "pipe" });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#process.stderr.on("data", (chunk) => {
      this.#errors += chunk;
    });
    // A write to a process that has ended fails; `run` then finds no reply and tells why.
    this.#process.stdin.on("error", () => {});
  }

  /** Runs a work once. */
  async run(work: string): Promise<Run> {
    this.#process.stdin.write(`${JSON.stringify({ work })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#name} ended during ${work}:\n${this.#errors}`);
    const reply = JSON.parse(value) as Reply;
    if ("error" in reply) throw new Error(`${this.#name} failed at ${work}: ${reply.error}`);
    return reply;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin.end();
    this.#process.kill();
    await ended;
  }
}
