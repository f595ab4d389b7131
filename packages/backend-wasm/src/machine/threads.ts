/** How threads are had: the differences between Node and pages, which nothing else needs to know. */
import type { WorkerStart } from "../worker.ts";
import { nodeModule } from "./platform.ts";
import { type AnyWorker, ThreadPool } from "./thread-pool.ts";

/** Why workers cannot share memory here, or undefined if they can. */
export function reasonAgainstThreads(): string | undefined {
  if (nodeModule("worker_threads")) return undefined;
  if (typeof process === "object" && process.versions?.node) return "threads need Node 20.16 or later";
  if (typeof SharedArrayBuffer === "undefined" || !globalThis.crossOriginIsolated)
    return "the page is not cross-origin isolated; serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  if (typeof Worker === "undefined") return "this scope cannot start workers";
  return undefined;
}

/** Logical processors available to this process. */
export function availableProcessors(): number {
  const os = nodeModule<typeof import("node:os")>("os");
  return os ? os.availableParallelism() : (globalThis.navigator?.hardwareConcurrency ?? 1);
}

/** Whether the calling thread may sleep; a page's main thread may not. */
export function callerMayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}

/** Starts `count` workers on `memory`; rejects when one cannot be started. */
export async function startThreads(memory: WebAssembly.Memory, count: number): Promise<ThreadPool> {
  const workers: AnyWorker[] = [];
  let lost = (_reason: string): void => {};
  const start = (thread: number): Promise<void> =>
    new Promise((ready, reject) => {
      const worker = makeWorker(ready, (reason) => {
        lost(reason);
        reject(new Error(reason));
      });
      workers.push(worker);
      worker.postMessage({ memory, thread } satisfies WorkerStart);
    });
  const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, i) => start(i + 1)));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure) {
    for (const worker of workers) worker.terminate();
    throw failure.reason;
  }
  for (const worker of workers) worker.unref?.();
  const pool = new ThreadPool(memory, workers, callerMayWait());
  lost = (reason) => pool.lose(reason);
  return pool;
}

/** A worker that waits for its first message; its own first one calls `heard`, whatever ends it `failed`. */
function makeWorker(heard: () => void, failed: (reason: string) => void): AnyWorker {
  const node = nodeModule<typeof import("node:worker_threads")>("worker_threads");
  if (!node) {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "sconce" });
    worker.onmessage = heard;
    worker.onerror = (event) => failed(`a worker thread failed: ${event.message || "its script could not be loaded"}`);
    return worker;
  }
  // Sources run unbuilt in tests; what is published is JavaScript in one folder.
  const script = import.meta.url.endsWith(".ts") ? "../worker.ts" : "./worker.js";
  const worker = new node.Worker(new URL(script, import.meta.url), { execArgv: [] });
  worker.on("message", heard);
  worker.on("error", (error) => failed(`a worker thread failed: ${(error as Error).message}`));
  worker.on("exit", () => failed("a worker thread ended"));
  return worker;
}
