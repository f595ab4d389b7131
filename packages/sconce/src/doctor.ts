/** `sconce doctor`: each backend, whether it opens, and what it can do. */
import "@sconce/backend-cpu/register";
import "@sconce/backend-wasm/register";
import { openWebGpu } from "@sconce/backend-webgpu";
import { type Backend, formatTable, openBackend, reportBackends } from "@sconce/core";
import { registerNative } from "./register-native.ts";

/** A table of the backends, and which one is used by default. */
export async function doctor(): Promise<string> {
  const missing = (await registerNative())
    ? []
    : [["native", "no", "not installed: npm install @sconce/backend-native", ""]];
  const reports = await reportBackends();
  const rows = reports.map(({ name, backend, failure = "" }) =>
    backend ? rowOf(backend, threadsOf(backend)) : [name, "no", failure, ""],
  );
  const chosen = await openBackend();
  const all = [await webgpuRow(), ...rows, ...missing];
  return `${formatTable(["backend", "opens", "threads, or why not", "dtypes"], all)}\n\nUsed by default: ${chosen.name}`;
}

function rowOf({ name, capabilities }: Pick<Backend, "name" | "capabilities">, note: string): string[] {
  return [name, "yes", note, capabilities.dtypes.join(" ")];
}

function threadsOf({ capabilities: { threads } }: Backend): string {
  return `${threads.count} thread${threads.count === 1 ? "" : "s"}${threads.reason ? `: ${threads.reason}` : ""}`;
}

/** In Node, webgpu is for those who import it; here it is only tried. */
async function webgpuRow(): Promise<string[]> {
  try {
    const backend = await openWebGpu({ software: false });
    const row = rowOf(backend, 'on the graphics card, once you import "@sconce/backend-webgpu/register"');
    await backend.close?.();
    return row;
  } catch (error) {
    return ["webgpu", "no", (error as Error).message, ""];
  }
}
