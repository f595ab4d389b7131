/** Makes the webgpu backend known to pages that have WebGPU; its code is fetched when it is first asked for. */
import { registerBackend } from "@sconce/core";

export function registerWebGpu(): void {
  if (!globalThis.navigator?.gpu) return;
  registerBackend("webgpu", async () => {
    const { openWebGpu } = await import("@sconce/backend-webgpu");
    return openWebGpu({ software: false });
  });
}
