/** The parent's side of a participant: a process of its own, asked for one run at a time. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { description, workloads } from "../workloads.ts";
import { type Reply, type Report, Unavailable } from "./serve.ts";

/** How a participant's process is started. */
export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Added to this process's. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Milliseconds after which a run is given up, preparations included. */
const patience = 180_000;

/** Milliseconds before a turn, in which the threads of whoever ran before stop waiting actively for more. */
const settling = 10;

export class Child {
  readonly #name: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #told = new Set<string>();
  #errors = "";
  #failure: Error | undefined;

  constructor(name: string, { program, arguments: args, environment }: Command) {
    this.#name = name;
    this.#process = spawn(program, args, { stdio: "pipe", env: { ...process.env, ...environment } });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#process.stderr.on("data", (chunk) => {
      this.#errors += chunk;
    });
    this.#process.on("error", (error) => {
      this.#failure = error;
    });
    // A write to a process that has ended fails; `run` then finds no reply and tells why.
    this.#process.stdin.on("error", () => {});
  }

  /** Runs a work once; the `first` time after others did. */
  async run(work: string, first: boolean): Promise<Report> {
    if (first) await sleep(settling);
    const details = this.#told.has(work) ? undefined : description(workloads[work].work);
    this.#told.add(work);
    this.#process.stdin.write(`${JSON.stringify({ work, details })}\n`);
    const timer = setTimeout(() => {
      this.#errors += `no reply within ${patience / 1000} s`;
      this.#process.kill("SIGKILL");
    }, patience);
    const { value, done } = await this.#lines.next();
    clearTimeout(timer);
    if (this.#failure) throw new Unavailable(`${this.#name} did not start: ${this.#failure.message}`);
    if (done) throw new Error(`${this.#name} ended during ${work}:\n${this.#errors}`);
    const reply = JSON.parse(value) as Reply;
    if ("unavailable" in reply) throw new Unavailable(reply.unavailable);
    if ("error" in reply) throw new Error(`${this.#name} failed at ${work}: ${reply.error}`);
    return reply;
  }

  /** The most bytes of memory that the process has had; throws Unavailable where the system does not tell. */
  peakBytes(): number {
    if (process.platform !== "linux") throw new Unavailable("only Linux tells what memory a process has had");
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) as RegExpExecArray;
    return Number(kilobytes) * 1024;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    if (this.#failure || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin.end();
    this.#process.kill();
    await ended;
  }
}
