/**
 * What was measured before: for a device and a kernel, the number of the quickest variant. It is kept in a file in Node
 * and in IndexedDB in browsers. Either may be missing, broken or someone else's: then it remembers nothing, and whoever
 * reads from it checks what it gives.
 */
export interface TuningMemory {
  get(key: string): Promise<unknown>;
  set(key: string, choice: number): Promise<void>;
}

/** The memory at a place: a path in Node, a database's name in browsers, "" where it usually is; none where there is no place. */
export async function tuningMemory(place = ""): Promise<TuningMemory | undefined> {
  try {
    if (typeof process !== "undefined" && process.versions?.node) {
      const { fileMemory } = await import("./file-memory.ts");
      return await fileMemory(place);
    }
    const { databaseMemory } = await import("./database-memory.ts");
    return databaseMemory(place || "sconce-webgpu");
  } catch {
    return undefined;
  }
}
