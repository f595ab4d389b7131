/** The script of the page: trains on the page's own thread, or in a module worker with "?worker" in the address. */
import { type Report, reportOf } from "./training.ts";

declare global {
  /** Where the test looks. */
  var report: Promise<Report | string>;
}

globalThis.report = location.search === "?worker" ? inWorker() : reportOf({ threads: 2 });

function inWorker(): Promise<Report | string> {
  return new Promise((resolve) => {
    const worker = new Worker("/app-worker.js", { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve(message);
  });
}
