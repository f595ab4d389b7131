/** However a process or a worker thread ends while the device works: no crash, no hang. */
import { expect, it } from "vitest";
import { encodeNest } from "../../src/encode-nest.ts";
import { binary, runChild } from "../support/child.ts";
import { chain } from "../support/long-program.ts";

const description = JSON.stringify([...encodeNest(chain)]);

it.each([
  "end",
  "exit",
  "exitWhileReading",
  "throw",
  "collected",
  "orphans",
  "workerEnds",
  "workerExits",
  "workersTerminated",
  "exitWithWorkers",
])("%s", async (way) => {
  for (let i = 0; i < 3; i++) {
    const { code, signal, output, milliseconds } = await runChild("exit-child.mjs", [binary, way], description);
    expect({ way, code, signal, output }).toEqual({ way, code: 0, signal: null, output: "" });
    expect(milliseconds).toBeLessThan(20_000);
  }
});
