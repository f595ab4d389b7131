/**
 * The pool: workers that share the memory with the calling thread and carry out its commands.
 *
 * Worker threads of Node and of a page differ in how they are made and heard; everything after that goes through the
 * shared words of `control`.
 */
import { commands, control } from "./control.ts";
import type { WorkerStart } from "../worker.ts";

/** What Node's and a page's worker have in common here. */
interface AnyWorker {
  postMessage(message: WorkerStart): void;
  terminate(): unknown;
}

export interface ThreadPool {
  /** Worker threads, beside the calling one. */
  readonly workers: number;
  /** Gives every worker a command; for all but `run`, returns when they have carried it out. */
  command(kind: keyof typeof commands, ...operands: readonly number[]): void;
  close(): void;
}

const isNode = typeof process === "object" && process.versions?.node !== undefined;

/** Why workers cannot share memory here, or undefined if they can. */
export function reasonAgainstThreads(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined" || (!isNode && !globalThis.crossOriginIsolated))
    return "the page is not cross-origin isolated; serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  if (!isNode && typeof Worker === "undefined") return "this scope cannot start workers";
  return undefined;
}

/** Logical processors available to this process. */
export async function availableProcessors(): Promise<number> {
  if (!isNode) return globalThis.navigator?.hardwareConcurrency ?? 1;
  const os = await import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${"os"}`);
  return os.availableParallelism();
}

/** Whether this thread may sleep; a page's main thread may not. */
export function callerMayWait(): boolean {
  return isNode || typeof window === "undefined";
}

/** Starts `count` workers on `memory`; rejects when one cannot be started. */
export async function startThreads(memory: WebAssembly.Memory, count: number): Promise<ThreadPool> {
  const workers: AnyWorker[] = [];
  try {
    await Promise.all(
      Array.from({ length: count }, async (_, i) => workers.push(await startWorker({ memory, thread: i + 1 }))),
    );
  } catch (error) {
    for (const worker of workers) worker.terminate();
    throw error;
  }
  return poolOf(memory, workers);
}

function poolOf(memory: WebAssembly.Memory, workers: readonly AnyWorker[]): ThreadPool {
  const words = new Int32Array(memory.buffer, 0, control.end / 4);
  const command = (kind: keyof typeof commands, ...operands: readonly number[]): void => {
    Atomics.store(words, control.answers / 4, 0);
    words.set([commands[kind], ...operands], control.command / 4);
    Atomics.add(words, control.sequence / 4, 1);
    if (Atomics.load(words, control.sleepers / 4) > 0) Atomics.notify(words, control.sequence / 4);
    if (kind === "run") return;
    while (Atomics.load(words, control.answers / 4) < workers.length) {
      // Commands other than runs are rare and short.
    }
    if (Atomics.load(words, control.failed / 4) !== 0) throw new Error(`wasm: a worker thread could not ${kind} a module.`);
  };
  return {
    workers: workers.length,
    command,
    close: () => command("exit"),
  };
}

async function startWorker(start: WorkerStart): Promise<AnyWorker> {
  if (!isNode) {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: `sconce-${start.thread}` });
    return listening(worker, start, (heard, failed) => {
      worker.onmessage = ({ data }) => heard(data);
      worker.onerror = (event) => failed(event.message || "its script could not be loaded");
    });
  }
  const { Worker: NodeWorker } = await import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${"worker_threads"}`);
  // Sources run unbuilt in tests; what is published is JavaScript in one folder.
  const script = import.meta.url.endsWith(".ts") ? "../worker.ts" : "./worker.js";
  const worker = new NodeWorker(new URL(script, import.meta.url), { execArgv: [] });
  await listening(worker, start, (heard, failed) => {
    worker.on("message", heard);
    worker.on("error", (error: Error) => failed(error.message));
    worker.on("exit", () => failed("it left"));
  });
  // The process may end while its workers sleep.
  worker.unref();
  return worker;
}

/** The worker, once it has said that it waits for commands. */
function listening(
  worker: AnyWorker,
  start: WorkerStart,
  listen: (heard: (message: unknown) => void, failed: (reason: string) => void) => void,
): Promise<AnyWorker> {
  return new Promise((resolve, reject) => {
    listen(
      (message) => {
        if (message === "listening") worker.postMessage(start);
        else if (message === "ready") resolve(worker);
      },
      (reason) => {
        worker.terminate();
        reject(new Error(`a worker thread did not start: ${reason}`));
      },
    );
  });
}
