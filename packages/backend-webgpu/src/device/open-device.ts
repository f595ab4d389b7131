/** Finds a device: the one that is given, the browser's, or in Node one of the optional package `webgpu`. */
import { BackendError } from "@sconce/core";

export interface DeviceOptions {
  /** A device to use, with the limits and features it has; closing the backend leaves it alone. */
  readonly device?: GPUDevice;
  /** An adapter to make the device with. */
  readonly adapter?: GPUAdapter;
  /** Which adapter to ask for, where there are several: "high-performance" unless told otherwise. */
  readonly powerPreference?: "low-power" | "high-performance";
  /** Which limits to ask for: the "adapter"'s own, or those that every device has, "default", and then no features. */
  readonly limits?: "adapter" | "default";
  /** Whether an adapter that only imitates a graphics card in software will do; it does unless this is false. */
  readonly software?: boolean;
}

/** Limits of which more is better. */
const wanted = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
] as const;

/** Features that are used where they are. */
const useful: readonly GPUFeatureName[] = ["timestamp-query", "subgroups", "shader-f16"];

export async function openDevice({
  device,
  adapter,
  powerPreference,
  limits,
  software = true,
}: DeviceOptions): Promise<GPUDevice> {
  if (device) return device;
  const found = adapter ?? (await findAdapter(powerPreference ?? "high-performance"));
  if (!software && found.info.isFallbackAdapter) {
    throw new BackendError(
      `webgpu: the only adapter is software (${found.info.description || found.info.vendor}), which is slower than other backends; ` +
        "openWebGpu() uses it all the same.",
    );
  }
  const requiredLimits = Object.fromEntries(
    limits === "default" ? [] : wanted.map((limit) => [limit, found.limits[limit]]),
  );
  const requiredFeatures = useful.filter((feature) => limits !== "default" && found.features.has(feature));
  return found.requestDevice({ label: "sconce", requiredLimits, requiredFeatures });
}

async function findAdapter(powerPreference: GPUPowerPreference): Promise<GPUAdapter> {
  const gpu = globalThis.navigator?.gpu ?? (await gpuOfNode());
  const adapter = (await gpu.requestAdapter({ powerPreference })) ?? (await gpu.requestAdapter());
  if (adapter) return adapter;
  throw new BackendError(
    isNode()
      ? "webgpu: there is no adapter; Dawn needs a driver for Vulkan, Metal or Direct3D 12."
      : "webgpu: the browser has WebGPU, but no adapter for it; see chrome://gpu or about:support for the reason.",
  );
}

/** Kept for as long as the process lives: devices end with it. */
let dawn: GPU | undefined;

async function gpuOfNode(): Promise<GPU> {
  if (dawn) return dawn;
  if (!isNode()) {
    throw new BackendError(
      "webgpu: this browser, or this page, has no WebGPU: it needs a recent browser and a page served by https or from localhost.",
    );
  }
  // The name is no literal, so that bundlers for browsers do not look for it.
  const name = "webgpu";
  let webgpu: { create(options: readonly string[]): GPU };
  try {
    webgpu = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch (error) {
    throw new BackendError('webgpu: Node has no WebGPU of its own; run "npm install webgpu" to add it.', {
      cause: error,
    });
  }
  // Browsers round timestamps to 0.1 ms, against spying between sites; a process of its own has no use for that.
  dawn = webgpu.create(["disable-dawn-features=timestamp_quantization"]);
  return dawn;
}

function isNode(): boolean {
  return typeof process !== "undefined" && Boolean(process.versions?.node);
}
