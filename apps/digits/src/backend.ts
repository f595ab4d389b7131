/** Which backend the job runs on, and why not on another. */
import "@sconce/backend-cpu/register";
import "@sconce/backend-native/register";
import "@sconce/backend-wasm/register";
import { type Backend, openBackend, reportBackends, setDefaultBackend } from "@sconce/core";

/** Opens the named backend, or the fastest that opens, and makes it the one that everything uses. */
export async function chooseBackend(name?: string): Promise<Backend> {
  const backend = await openBackend(name);
  setDefaultBackend(backend);
  return backend;
}

/** Lines for the user: the backend in use, its threads, and each other backend with the reason it is not used. */
export async function describeBackends(used: Backend): Promise<string[]> {
  const { count, reason } = used.capabilities.threads;
  const threads = `${count} thread${count === 1 ? "" : "s"}${reason ? ` (${reason})` : ""}`;
  const others = (await reportBackends()).filter(({ backend }) => backend !== used);
  return [
    `backend: ${used.name}, ${threads}`,
    ...others.map(({ name, failure }) => `not used: ${failure ?? `${name}, which is slower or was not asked for`}`),
  ];
}
