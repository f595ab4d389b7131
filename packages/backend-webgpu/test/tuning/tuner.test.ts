/** Kernels with variants are measured once; what was found is remembered, and a broken memory is as good as none. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Backend, matmul, ones, withBackend } from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it, vi } from "vitest";
import { openDevice } from "../../src/device/open-device.ts";
import { openWebGpu } from "../../src/index.ts";
import { fileMemory } from "../../src/tuning/file-memory.ts";

const device = await openDevice({}).catch(() => undefined);
const folder = mkdtempSync(join(tmpdir(), "sconce-tuning-"));
afterAll(() => {
  device?.destroy();
  rmSync(folder, { recursive: true });
});

/** How many pipelines a backend with this memory makes for a small product. */
async function pipelines(memory: string | false, tune = true): Promise<number> {
  const create = vi.spyOn(device as GPUDevice, "createComputePipelineAsync");
  try {
    const backend = await openWebGpu({ device: device as GPUDevice, tune, tuningMemory: memory });
    await withBackend(backend as unknown as Backend, async () => {
      expect(Array.from(await matmul(ones([64, 8]), ones([8, 64])).data())).toEqual(new Array(64 * 64).fill(8));
    });
    return create.mock.calls.length;
  } finally {
    create.mockRestore();
  }
}

describe.skipIf(!device)("tuning", () => {
  it("measures every variant once, and remembers the quickest for other backends", async () => {
    const path = join(folder, "deeper", "tuning.json");
    const untuned = await pipelines(false, false);
    expect(await pipelines(path)).toBeGreaterThan(untuned);
    const { choices } = JSON.parse(readFileSync(path, "utf8"));
    const [[key, choice]] = Object.entries(choices);
    expect(key).toContain("matmul");
    expect(choice).toBeTypeOf("number");
    expect(await pipelines(path)).toBe(untuned);
    // A number that no variant has, or none at all.
    for (const wrong of [99, -1, 0.5, "0", null]) {
      writeFileSync(path, JSON.stringify({ choices: { [key]: wrong } }));
      expect(await pipelines(path)).toBeGreaterThan(untuned);
      expect(JSON.parse(readFileSync(path, "utf8")).choices[key]).toBeTypeOf("number");
    }
  });

  it("does without a place that cannot be written", async () => {
    writeFileSync(join(folder, "file"), "");
    expect(await pipelines(join(folder, "file", "tuning.json"))).toBeGreaterThan(0);
  });
});

describe("a file of choices", () => {
  it("that is broken or foreign is rewritten", async () => {
    const path = join(folder, "broken.json");
    const content = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((choices) => JSON.stringify({ choices })),
      fc.uint8Array(),
    );
    await fc.assert(
      fc.asyncProperty(content, fc.string(), fc.nat(), async (text, key, choice) => {
        writeFileSync(path, text);
        await (await fileMemory(path)).get(key);
        const memory = await fileMemory(path);
        await memory.set(key, choice);
        expect(await memory.get(key)).toBe(choice);
        expect(await (await fileMemory(path)).get(key)).toBe(choice);
      }),
    );
  });

  it("keeps what others wrote", async () => {
    const path = join(folder, "shared.json");
    const [first, second] = [await fileMemory(path), await fileMemory(path)];
    await Promise.all([first.set("a", 1), first.set("b", 2)]);
    await second.set("c", 3);
    const memory = await fileMemory(path);
    expect(await Promise.all(["a", "b", "c", "toString"].map((key) => memory.get(key)))).toEqual([1, 2, 3, undefined]);
  });
});
