/** `sconce doctor`: each backend, whether it opens, and what it can do. */
import "@sconce/backend-cpu/register";
import "@sconce/backend-wasm/register";
import { formatTable, openBackend, reportBackends } from "@sconce/core";
import { registerNative } from "./register-native.ts";

/** A table of the backends, and which one is used by default. */
export async function doctor(): Promise<string> {
  const missing = (await registerNative())
    ? []
    : [["native", "no", "not installed: npm install @sconce/backend-native", ""]];
  const reports = await reportBackends();
  const rows = reports.map(({ name, backend, failure }) => {
    if (!backend) return [name, "no", failure ?? "", ""];
    const { threads, dtypes } = backend.capabilities;
    return [
      name,
      "yes",
      `${threads.count} thread${threads.count === 1 ? "" : "s"}${threads.reason ? `: ${threads.reason}` : ""}`,
      dtypes.join(" "),
    ];
  });
  const chosen = await openBackend();
  return `${formatTable(["backend", "opens", "threads, or why not", "dtypes"], [...rows, ...missing])}\n\nUsed by default: ${chosen.name}`;
}
