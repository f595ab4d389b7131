/** What threads mean for the process: it ends when its work is done, idle threads cost nothing, and threads do end. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const machine = JSON.stringify(new URL("../../src/machine/open-machine.ts", import.meta.url).href);

/** What the program prints; rejects when it fails or does not end. */
async function run(program: string): Promise<string> {
  const code = `import { openMachine } from ${machine};\n${program}`;
  const options = { timeout: 20_000, killSignal: "SIGKILL" as const };
  return (await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], options)).stdout.trim();
}

describe("a process", () => {
  it("ends though nobody closed the machine, or while its threads start", async () => {
    expect(await run("const m = await openMachine({ threads: 3 }); console.log(m.target.threads);")).toBe("3");
    expect(await run("openMachine({ threads: 2 }).then((m) => console.log(m.target.threads));")).toBe("2");
    expect(await run("await openMachine({ threads: 2 }); process.exit(0);")).toBe("");
  });

  it("may close the machine and go on", async () => {
    const program = `
      const m = await openMachine({ threads: 2 });
      await m.close();
      const again = await openMachine({ threads: 2 });
      console.log(again.target.threads);
      again.close();`;
    expect(await run(program)).toBe("2");
  });

  it("uses no processor time while threads wait", async () => {
    const program = `
      const m = await openMachine({ threads: 3 });
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      await pause(200);
      const before = process.cpuUsage();
      await pause(500);
      const { user, system } = process.cpuUsage(before);
      console.log((user + system) / 1000);`;
    expect(Number(await run(program))).toBeLessThan(100);
  });

  it("ends the threads of a machine that is collected, and forgets programs that are", async () => {
    const program = `
      import { setFlagsFromString } from "node:v8";
      import { runInNewContext } from "node:vm";
      import { Worker } from "node:worker_threads";
      const { terminate } = Worker.prototype;
      Worker.prototype.terminate = function () {
        console.log("terminated");
        return terminate.call(this);
      };
      setFlagsFromString("--expose-gc");
      const collect = async (until) => {
        for (let i = 0; i < 50 && !until(); i++) {
          runInNewContext("gc")();
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      let m = await openMachine({ threads: 2, maximumBytes: 16 * 2 ** 20 });
      const phase = { units: 2, grain: 1, emit: () => {} };
      const code = { name: "none", inputs: 0, outputs: 0, scratchBytes: 2 ** 20, phases: [phase] };
      for (let i = 0; i < 12; i++) m.program([{ code, inputs: [], outputs: [] }])();
      await collect(() => {
        try {
          return m.allocate(12 * 2 ** 20);
        } catch {}
      });
      console.log("forgotten");
      m = undefined;
      await collect(() => false);`;
    expect(await run(program)).toBe("forgotten\nterminated");
  });
});
