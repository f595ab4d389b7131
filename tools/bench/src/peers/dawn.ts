/**
 * WebGPU for a participant's process: Dawn, by the package `webgpu`, where libraries for browsers look for it, in
 * `navigator.gpu`. Whoever is measured on WebGPU is so through the same Dawn.
 */
import { GpuMeter } from "./gpu-meter.ts";
import { Unavailable } from "./serve.ts";
import { useSwiftShader } from "./swiftshader.ts";

/**
 * "timed" takes a graphics card only; "software" also an adapter that imitates one, to see that works run. "counted" takes
 * Dawn's null adapter, which has the limits that every device has and checks everything but computes nothing, and counts
 * what it is asked to do: that is the same on every machine.
 */
export type GpuMode = "timed" | "software" | "counted";

/** What is used of the package. */
interface Dawn {
  create(options: readonly string[]): GPU;
  /** The classes and flags of WebGPU, which are globals in browsers. */
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Gives this process its `navigator.gpu`; rejects with `Unavailable` where the mode finds no adapter. */
export async function provideGpu(mode: GpuMode): Promise<GpuMeter | undefined> {
  const { create, globals } = (await import("webgpu")) as unknown as Dawn;
  Object.assign(globalThis, globals);
  let gpu = create(mode === "counted" ? ["backend=null"] : []);
  let adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter && mode === "software") {
    useSwiftShader();
    gpu = create([]);
    adapter = await gpu.requestAdapter();
  }
  if (!adapter) throw new Unavailable("there is no graphics card that Dawn could use");
  const { isFallbackAdapter, description, vendor } = adapter.info;
  if (isFallbackAdapter && mode === "timed") {
    throw new Unavailable(`the only adapter is software (${description || vendor})`);
  }
  const value = { gpu, userAgent: "Node", hardwareConcurrency: 1 };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  return mode === "counted" ? new GpuMeter(globals) : undefined;
}
