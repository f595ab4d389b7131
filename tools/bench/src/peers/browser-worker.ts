/** A stand-in for the browser's Worker, as much of it as jax-js's threads need; Node has none of that name. */
import { Worker as NodeWorker } from "node:worker_threads";
import { interceptBlobs } from "./blob-programs.ts";

const prelude = `const { parentPort } = require("node:worker_threads");
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on("message", (data) => self.onmessage({ data }));
`;

/** Gives this process a global Worker for programs that are Blobs of text, and says that it has so many processors. */
export function installWorker(processors: number): void {
  const programs = new Map<string, string>();

  class BrowserWorker {
    onmessage: ((event: { readonly data: unknown }) => void) | undefined;
    onerror: ((error: unknown) => void) | undefined;
    readonly #worker: NodeWorker;

    constructor(url: string | URL) {
      this.#worker = new NodeWorker(prelude + programs.get(String(url)), { eval: true });
      this.#worker.on("message", (data) => this.onmessage?.({ data }));
      this.#worker.on("error", (error) => this.onerror?.(error));
    }

    postMessage(message: unknown): void {
      this.#worker.postMessage(message);
    }

    terminate(): void {
      this.#worker.terminate();
    }
  }

  interceptBlobs((program) => {
    const url = `program:${programs.size}`;
    programs.set(url, program);
    return url;
  });
  Object.assign(globalThis, { Worker: BrowserWorker });
  Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency: processors }, configurable: true });
}
