/** Starting and losing threads. */
import { describe, expect, it } from "vitest";
import { makeMemory } from "../../src/machine/memory.ts";
import { availableProcessors, callerMayWait, reasonAgainstThreads, startThreads } from "../../src/machine/threads.ts";

describe("threads", () => {
  it("are there in Node, whose threads may all sleep", () => {
    expect(reasonAgainstThreads()).toBeUndefined();
    expect(availableProcessors()).toBeGreaterThanOrEqual(1);
    expect(callerMayWait()).toBe(true);
  });

  it("are refused a memory that cannot be shared", async () => {
    await expect(startThreads(new WebAssembly.Memory({ initial: 1 }), 2)).rejects.toThrow(/could not be cloned/);
  });

  it("run nothing any more once one of them is gone, and say why", async () => {
    const pool = await startThreads(makeMemory(2 ** 20, true).memory, 2);
    expect(pool.size).toBe(2);
    pool.forget(1);
    pool.lose("a worker thread ended");
    expect(() => pool.run(0, () => {})).toThrow("a worker thread ended");
    expect(() => pool.load(0, 0, 0)).toThrow("a worker thread ended");
    pool.forget(1);
    await pool.close();
  });

  it("report a module that does not compile, and go on", async () => {
    const { memory } = makeMemory(2 ** 20, true);
    const pool = await startThreads(memory, 2);
    expect(() => pool.load(7, 4096, 16)).toThrow(/WebAssembly.Module/);
    expect(() => pool.load(7, 4096, 16)).toThrow(/WebAssembly.Module/);
    pool.forget(7);
    await pool.close();
  });
});
