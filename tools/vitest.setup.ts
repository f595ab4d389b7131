// Gives tests `globalThis.gc`, in worker threads too, without a flag for Node.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

if (!globalThis.gc) {
  setFlagsFromString("--expose-gc");
  globalThis.gc = runInNewContext("gc");
}
