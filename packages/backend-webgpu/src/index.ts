/** The WebGPU backend of Sconce. Importing this registers nothing; "@sconce/backend-webgpu/register" does. */
export type { WebGpuBuffer, WebGpuOptions } from "./webgpu-backend.ts";
export { openWebGpu } from "./webgpu-backend.ts";
