// Makes and runs kernels from descriptions of which most are nonsense. Prints the number of each case before it begins, so
// that a crash names its case; the last line counts those that were refused, made and run.
// usage: node malformed-child.mjs BINARY (standard input: lines of a kernel's name and its numbers, with a tab between)
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const addon = createRequire(import.meta.url)(process.argv[2]);
const device = addon.open(2);
const bytes = 1 << 14;
const buffers = Array.from({ length: 24 }, (_, i) => {
  const buffer = addon.allocate(device, bytes);
  addon.write(
    device,
    buffer,
    new Uint8Array(bytes).map((_, j) => (i * 31 + j * 17 + (j >> 3)) & 255),
  );
  return buffer;
});
const counts = { refused: 0, made: 0, ran: 0 };

/** Loop iterations of a nest: what would take too long is made but not run. */
function iterations(name, numbers) {
  if (name !== "nest") return 1;
  const rank = numbers[0];
  const reduced = numbers[rank + 1] === 1 ? numbers.slice(rank + 3, rank + 3 + numbers[rank + 2]) : [];
  return [...numbers.slice(1, rank + 1), ...reduced].reduce((product, extent) => product * extent, 1);
}

async function attempt(name, numbers) {
  const kernel = addon.kernel(device, name, numbers);
  const program = addon.program(device, [kernel]);
  counts.made++;
  if (!(iterations(name, numbers) <= 2 ** 22)) return;
  let count = 0;
  try {
    addon.run(device, program, new Int32Array(buffers.length + 1));
  } catch (error) {
    count = Number(/a program of (\d+)/.exec(error.message)[1]);
  }
  addon.run(device, program, Int32Array.from(buffers).slice(-count));
  await addon.finish(device);
  counts.ran++;
}

const cases = readFileSync(0, "utf8").trim().split("\n");
for (let i = 0; i < cases.length; i++) {
  const [name, numbers] = cases[i].split("\t");
  writeSync(1, `${i}\n`);
  try {
    await attempt(name, Float64Array.from(numbers.split(","), Number));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    counts.refused++;
  }
}
addon.close(device);
writeSync(1, `${JSON.stringify(counts)}\n`);
