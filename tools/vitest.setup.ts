// Gives tests `globalThis.gc`, in worker threads too, without a flag for Node; and one seed to all random cases, so that
// every run sees the same ones; change it here to look elsewhere.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { configureGlobal } from "fast-check";

if (!globalThis.gc) {
  setFlagsFromString("--expose-gc");
  globalThis.gc = runInNewContext("gc");
}

configureGlobal({ seed: 20261123 });
