/**
 * Workers that share the memory with the calling thread and carry out its commands, given through the words of
 * `control`. The calling thread does its own share of every run, so a pool has one worker fewer than threads.
 */
import { commands, control, controlWords, spins } from "./control.ts";
import { abandon, failureOf } from "./failure.ts";
import type { Entry } from "./instance.ts";

/** What Node's and a page's worker have in common here. */
export interface AnyWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
  /** Node's: lets the process end while the worker sleeps. */
  unref?(): void;
}

export class ThreadPool {
  readonly #workers: readonly AnyWorker[];
  readonly #words: Int32Array;
  readonly #callerMayWait: boolean;
  #lost: string | undefined;

  constructor(memory: WebAssembly.Memory, workers: readonly AnyWorker[], callerMayWait: boolean) {
    this.#workers = workers;
    this.#words = controlWords(memory);
    this.#callerMayWait = callerMayWait;
  }

  /** Worker threads, beside the calling one. */
  get size(): number {
    return this.#workers.length;
  }

  /** A worker is gone, for this reason: nothing can run from now on. */
  lose(reason: string): void {
    this.#lost ??= reason;
  }

  /** Has every worker compile the module at [address, byteLength]. Throws when one could not. */
  load(number: number, address: number, byteLength: number): void {
    this.#finish("load", number, address, byteLength);
    const failure = failureOf(this.#words);
    if (failure === undefined) return;
    this.#reset();
    throw new Error(failure);
  }

  /** Has every worker forget a module, if it has it. */
  forget(number: number): void {
    if (!this.#lost) this.#finish("forget", number);
  }

  /** Runs a loaded program: the workers' shares there, `entry` here. Throws when a thread could not do its share. */
  run(number: number, entry: Entry): void {
    this.#send("run", number);
    let cause: unknown;
    try {
      entry(0);
    } catch (error) {
      cause = error;
      abandon(this.#words, error);
    }
    const failure = failureOf(this.#words);
    if (failure === undefined) return;
    // Who answers has left every barrier.
    this.forget(-1);
    this.#reset();
    throw new Error(failure, { cause });
  }

  #send(kind: keyof typeof commands, ...operands: readonly number[]): void {
    if (this.#lost) throw new Error(this.#lost);
    const words = this.#words;
    Atomics.store(words, control.answers / 4, 0);
    words.set([commands[kind], ...operands], control.command / 4);
    Atomics.add(words, control.sequence / 4, 1);
    if (Atomics.load(words, control.sleepers / 4) > 0) Atomics.notify(words, control.sequence / 4);
  }

  /** Gives every worker a command, and returns when all have carried it out. */
  #finish(kind: "load" | "forget", ...operands: readonly number[]): void {
    this.#send(kind, ...operands);
    const at = control.answers / 4;
    for (let turn = 0; ; turn++) {
      const answers = Atomics.load(this.#words, at);
      if (answers === this.size) return;
      if (turn > spins && this.#callerMayWait) Atomics.wait(this.#words, at, answers);
    }
  }

  /** As before the first run; no worker may be in one. */
  #reset(): void {
    for (const word of [control.arrived, control.next, control.failed]) Atomics.store(this.#words, word / 4, 0);
  }

  /** Ends the workers, wherever they are. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
