/** The script of the page: trains on the browser's WebGPU. */
import { openWebGpu } from "@sconce/backend-webgpu";
import { trainDigits } from "./training.ts";

declare global {
  /** Where the test looks: the losses, or the message of what went wrong. */
  var webGpuLosses: Promise<number[] | string>;
}

globalThis.webGpuLosses = openWebGpu()
  .then(async (backend) => {
    const losses = await trainDigits(backend, 50);
    await backend.close?.();
    return losses;
  })
  .catch((error: Error) => error.message);
