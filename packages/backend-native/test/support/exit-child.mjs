// Leaves, or is made to leave, in one of several ways while the device still works.
// usage: node exit-child.mjs BINARY WAY (standard input: the description of a long kernel as JSON)
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const [binary, way, description] = isMainThread
  ? [...process.argv.slice(2), readFileSync(0, "utf8")]
  : [workerData.binary, workerData.way, workerData.description];
const addon = createRequire(import.meta.url)(binary);
const elements = 1 << 15;

/** A device with work ahead: seconds of it with 20 runs. */
function busyDevice(runs = 20) {
  const device = addon.open(2);
  const kernel = addon.kernel(device, "nest", new Float64Array(JSON.parse(description)));
  const program = addon.program(device, new Array(20).fill(kernel));
  const [input, output] = [addon.allocate(device, 4 * elements), addon.allocate(device, 4 * elements)];
  addon.write(device, input, new Uint8Array(4 * elements));
  const numbers = new Int32Array(40).map((_, i) => (i % 2 ? output : input));
  for (let i = 0; i < runs; i++) addon.run(device, program, numbers);
  return { device, output };
}

const startWorker = (wayInside) =>
  new Worker(new URL(import.meta.url), { workerData: { binary, way: wayInside, description } });

const ways = {
  /** The end of the script; the open device keeps nothing alive. */
  end: () => busyDevice(),
  exit: () => {
    busyDevice();
    process.exit(0);
  },
  exitWhileReading: () => {
    const { device, output } = busyDevice();
    addon.read(device, output, 4);
    setTimeout(() => process.exit(0), 10);
  },
  throw: () => {
    busyDevice();
    process.on("uncaughtException", () => process.exit(0));
    throw new Error("a mistake");
  },
  /** Nobody but the promise knows the device. */
  collected: async () => {
    const reads = [1, 2, 3].map(() => {
      const { device, output } = busyDevice(2);
      return addon.read(device, output, 4);
    });
    for (let i = 0; i < 3; i++) busyDevice();
    globalThis.gc();
    for (const bytes of await Promise.all(reads)) if (bytes.byteLength !== 4) process.exit(1);
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
  /** Handles that outlive their device. */
  orphans: () => {
    let device = addon.open(1);
    const kernel = addon.kernel(device, "nest", new Float64Array(JSON.parse(description)));
    addon.close(device);
    device = undefined;
    globalThis.gc();
    try {
      addon.program(addon.open(1), [kernel]);
    } catch {
      return;
    }
    process.exit(1);
  },
  workerEnds: () => startWorker("end").once("exit", (code) => process.exit(code)),
  workerExits: () => startWorker("exit").once("exit", (code) => process.exit(code)),
  workersTerminated: async () => {
    for (let i = 0; i < 4; i++) {
      const worker = startWorker("exitWhileReading");
      await new Promise((resolve) => worker.once("online", resolve));
      await new Promise((resolve) => setTimeout(resolve, 15 * i));
      await worker.terminate();
    }
  },
  exitWithWorkers: () => {
    for (let i = 0; i < 2; i++) startWorker("end");
    setTimeout(() => process.exit(0), 150);
  },
};
await ways[way]();
