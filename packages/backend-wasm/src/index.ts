/** The WebAssembly backend of Sconce. Importing this registers nothing; "@sconce/backend-wasm/register" does. */
export type { WasmBuffer, WasmOptions } from "./wasm-backend.ts";
export { openWasm } from "./wasm-backend.ts";
