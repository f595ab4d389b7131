/** Work runs in the order it was given, on a thread of its own, and its failures are told at the next read. */

import { setImmediate } from "node:timers/promises";
import type { Kernel, LoopNest } from "@sconce/core";
import { describe, expect, it } from "vitest";
import { type NativeBuffer, openNative } from "../../src/index.ts";
import { longProgram } from "../support/long-program.ts";

const addOne: LoopNest = {
  shape: [4],
  inputs: ["float32"],
  body: [
    { kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 0, strides: [1] } },
    { kind: "constant", dtype: "float32", value: 1 },
    { kind: "apply", operator: "add", dtype: "float32", operands: [0, 1] },
  ],
  epilogue: [],
  stores: [{ value: 2, dtype: "float32" }],
};

/** 4000 accumulators for each of 2^24 outputs take 512 GiB of scratch memory. */
const tooLarge: LoopNest = {
  shape: [2 ** 24],
  reduce: {
    extent: [2],
    accumulators: Array.from({ length: 4000 }, () => ({ value: 0, combine: "sum", dtype: "float64" }) as const),
  },
  inputs: [],
  body: [{ kind: "constant", dtype: "float64", value: 1 }],
  epilogue: [{ kind: "constant", dtype: "bool", value: 1 }],
  stores: [{ value: 0, dtype: "bool" }],
};

describe("the order of work", () => {
  it("holds for writes, kernels and reads that are not awaited", async () => {
    const backend = await openNative({ threads: 2 });
    const kernel = (await backend.compile(addOne)) as Kernel<NativeBuffer>;
    const long = await longProgram(backend, 20);
    const buffer = backend.allocate(16);
    const seen: Promise<ArrayBuffer>[] = [];
    long.start();
    for (let i = 0; i < 8; i++) {
      backend.write(buffer, new Float32Array(4).fill(10 * i));
      kernel.run([buffer], [buffer]);
      seen.push(backend.read(buffer, 16));
      kernel.run([buffer], [buffer]);
    }
    const values = (await Promise.all(seen)).map((bytes) => new Float32Array(bytes)[3]);
    expect(values).toEqual([1, 11, 21, 31, 41, 51, 61, 71]);
    expect(new Float32Array(backend.readSync?.(buffer, 16) as ArrayBuffer)[0]).toBe(72);
    await backend.close?.();
  });

  it("leaves the event loop free while a long program runs", async () => {
    const backend = await openNative({ threads: 1 });
    const long = await longProgram(backend, 60);
    long.start();
    let finished = false;
    const read = backend.read(long.output, 4).then(() => {
      finished = true;
    });
    for (let turn = 0; turn < 5; turn++) {
      await setImmediate();
      expect(finished).toBe(false);
    }
    await read;
    await backend.close?.();
  });

  it("holds back whoever submits without end", async () => {
    const backend = await openNative({ threads: 1 });
    const long = await longProgram(backend, 1);
    for (let i = 0; i < 100; i++) {
      backend.write(long.input, new Float32Array([i]));
      long.start();
    }
    await backend.finish?.();
    await backend.close?.();
  });
});

describe("failures", () => {
  it("inside a program are told once, at the next read, with the kernel's name", async () => {
    const backend = await openNative({ threads: 1 });
    const kernel = (await backend.compile(tooLarge)) as Kernel<NativeBuffer>;
    const buffer = backend.allocate(2 ** 24);
    kernel.run([], [buffer]);
    await expect(backend.read(buffer, 4)).rejects.toThrow(/out of memory .* [0-9]+ bytes/);
    kernel.run([], [buffer]);
    expect(() => backend.readSync?.(buffer, 4)).toThrow(/out of memory/);
    await expect(backend.read(buffer, 4)).resolves.toHaveProperty("byteLength", 4);
    await backend.close?.();
  });

  it("of memory are BackendErrors", async () => {
    const backend = await openNative({ threads: 1 });
    expect(() => backend.allocate(2 ** 47)).toThrow(expect.objectContaining({ name: "BackendError" }));
    await backend.close?.();
  });
});

describe("close", () => {
  it("leaves out what waits, rejects what is owed, and makes further use an error", async () => {
    const backend = await openNative({ threads: 1 });
    const long = await longProgram(backend, 2000);
    const late = backend.allocate(4);
    long.start();
    const read = backend.read(long.output, 4);
    const finished = backend.finish?.();
    const started = performance.now();
    await backend.close?.();
    expect(performance.now() - started).toBeLessThan(1000);
    await expect(read).rejects.toThrow("closed");
    await expect(finished).rejects.toThrow("closed");
    expect(() => backend.allocate(4)).toThrow("closed");
    expect(() => backend.write(late, new Uint8Array(4))).toThrow("closed");
    expect(() => long.start()).toThrow("closed");
    expect(() => backend.readSync?.(late, 4)).toThrow("closed");
    backend.release(late);
    await backend.close?.();
  });

  it("frees the memory of the device", async () => {
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 20; i++) {
      const backend = await openNative({ threads: 1 });
      for (let j = 0; j < 8; j++) backend.write(backend.allocate(2 ** 24), new Uint8Array(2 ** 24));
      await backend.close?.();
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(1.5 * 2 ** 30);
  });

  it("releases a buffer once", async () => {
    const backend = await openNative({ threads: 1 });
    const buffer = backend.allocate(8);
    backend.release(buffer);
    expect(() => backend.release(buffer)).toThrow("released");
    expect(() => backend.read(buffer, 4)).toThrow("released");
    await backend.close?.();
  });
});
