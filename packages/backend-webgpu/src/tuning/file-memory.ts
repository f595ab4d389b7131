/** The memory of tuning in Node: a JSON file, written beside its place and then renamed, so that no reader sees half of it. */
import type { TuningMemory } from "./memory.ts";

export async function fileMemory(place: string): Promise<TuningMemory> {
  // The names are no literals, so that bundlers for browsers do not look for them.
  const load = (name: string) => import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  const { mkdir, readFile, rename, writeFile }: typeof import("node:fs/promises") = await load("node:fs/promises");
  const { homedir }: typeof import("node:os") = await load("node:os");
  const { dirname, join }: typeof import("node:path") = await load("node:path");
  const path = place || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "sconce", "webgpu-tuning.json");

  const read = async (): Promise<Record<string, unknown>> => {
    try {
      const { choices } = JSON.parse(await readFile(path, "utf8"));
      return typeof choices === "object" && !Array.isArray(choices) ? { ...choices } : {};
    } catch {
      return {};
    }
  };
  let known: Promise<Record<string, unknown>> | undefined;
  let written = Promise.resolve();
  const write = async (key: string, choice: number): Promise<void> => {
    // What other processes found meanwhile is kept.
    const choices = { ...(await read()), [key]: choice };
    known = Promise.resolve(choices);
    const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, JSON.stringify({ choices }, undefined, 1), { flush: true });
      await rename(temporary, path);
    } catch {
      // A place that cannot be written is measured again next time.
    }
  };
  return {
    get: async (key) => {
      known ??= read();
      const choices = await known;
      return Object.hasOwn(choices, key) ? choices[key] : undefined;
    },
    set: (key, choice) => {
      written = written.then(() => write(key, choice));
      return written;
    },
  };
}
