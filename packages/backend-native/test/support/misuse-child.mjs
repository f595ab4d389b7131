// Calls the addon's functions with arguments of every kind. Prints each call before it is made.
// usage: node misuse-child.mjs BINARY (standard input: lines of a function's name and the numbers of its arguments)
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const addon = createRequire(import.meta.url)(process.argv[2]);
const device = addon.open(1);
const closed = addon.open(1);
addon.close(closed);
const other = addon.open(1);
/** One float copied. */
const copy = Float64Array.of(1, 4, 0, 1, 5, 1, 3, 5, 0, 0, 0, 0, 1, 1, 0, 1, 0, 5);
const kernel = addon.kernel(device, "nest", copy);
const foreign = addon.kernel(other, "nest", copy);
const program = addon.program(device, [kernel, kernel]);
const released = addon.allocate(device, 64);
const buffer = addon.allocate(device, 64);
addon.release(device, released);
const revoked = Proxy.revocable([], {});
revoked.revoke();
const detached = new Uint8Array(8);
structuredClone(detached, { transfer: [detached.buffer] });

/** The device is there more often, so that calls get further than their first argument. */
const values = [
  ...[device, device, device, device, closed, other, kernel, foreign, program, buffer, released, "nest"],
  ...[
    undefined,
    null,
    true,
    0,
    -1,
    1,
    1.5,
    Number.NaN,
    1e9,
    2 ** 31,
    2 ** 47,
    2 ** 53,
    Infinity,
    8n,
    "",
    "x".repeat(99),
  ],
  ...[
    {},
    [],
    [kernel],
    [kernel, foreign],
    [kernel, undefined, kernel],
    [device],
    new Array(2 ** 32 - 1),
    revoked.proxy,
    () => 0,
  ],
  ...[
    copy,
    new Float64Array(0),
    new Uint8Array(16),
    new Uint8Array(65),
    detached,
    new Uint8Array(new SharedArrayBuffer(8)),
  ],
  ...[
    Int32Array.of(buffer, buffer, buffer, buffer),
    Int32Array.of(buffer, buffer, buffer, 99),
    new Int32Array(3),
    new DataView(copy.buffer),
  ],
  ...[Int32Array.of(-1, buffer, 2 ** 31, released), Object.create(device), new Proxy(device, {}), Symbol("s")],
];

let [returned, thrown] = [0, 0];
for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const [name, ...numbers] = line.split(" ");
  const list = numbers.map((number) => values[number % values.length]);
  // Closing what later calls need would say little.
  if (name === "close" && list[0] === device) continue;
  writeSync(1, `${line}\n`);
  try {
    const result = addon[name](...list);
    if (result instanceof Promise) result.catch(() => {});
    returned++;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    thrown++;
  }
}
await addon.finish(device).catch(() => {});
writeSync(1, `${JSON.stringify({ returned, thrown })}\n`);
