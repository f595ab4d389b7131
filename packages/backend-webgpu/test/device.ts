/** The backend that the tests run on, or undefined, with a message, where the machine has no WebGPU at all. */
import type { Backend } from "@sconce/core";
import { openWebGpu, type WebGpuBuffer, type WebGpuOptions } from "../src/index.ts";

export type TestBackend = Backend<WebGpuBuffer>;

export async function openForTests(options?: WebGpuOptions): Promise<TestBackend | undefined> {
  try {
    return await openWebGpu(options);
  } catch (error) {
    const message = `no WebGPU here: ${(error as Error).message} Install chromium, whose SwiftShader is enough`;
    if (process.env.CI) throw new Error(`${message}.`);
    console.warn(`${message}; these tests are skipped.`);
    return undefined;
  }
}

/** What WGSL leaves to the device, and this device does not do. */
export async function knownLosses(backend: TestBackend): Promise<Readonly<Record<string, string>>> {
  const kernel = await backend.compile({
    shape: [1],
    inputs: ["float32"],
    body: [
      { kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 0, strides: [1] } },
      { kind: "apply", operator: "add", dtype: "float32", operands: [0, 0] },
    ],
    epilogue: [],
    stores: [{ value: 1, dtype: "float32" }],
  });
  const [x, y] = [backend.allocate(4), backend.allocate(4)];
  backend.write(x, new Float32Array([2 ** -149]));
  kernel.run([x], [y]);
  const [sum] = new Float32Array(await backend.read(y, 4));
  for (const buffer of [x, y]) backend.release(buffer);
  return sum === 0 ? { "subnormal numbers survive in float32": "the device flushes them to zero, as WGSL allows" } : {};
}
