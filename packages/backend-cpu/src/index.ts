/** The portable reference backend of Sconce. Importing this registers nothing; "@sconce/backend-cpu/register" does. */
export type { CpuBuffer } from "./buffer.ts";
export type { CpuOptions } from "./cpu-backend.ts";
export { openCpu } from "./cpu-backend.ts";
