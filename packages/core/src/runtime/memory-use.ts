/** How much memory a backend's values take. */
import type { Backend } from "../backend/backend.ts";
import type { MemoryUse } from "./memory.ts";
import { runtimeOf } from "./runtime.ts";

/** Live and pooled bytes of a backend: values, variables and program slots. */
export function memoryUse(backend: Backend): MemoryUse {
  return runtimeOf(backend).memory.use();
}
