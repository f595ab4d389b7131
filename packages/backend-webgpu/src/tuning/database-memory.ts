/** The memory of tuning in browsers: an object store of IndexedDB. */
import type { TuningMemory } from "./memory.ts";

const store = "choices";

export function databaseMemory(name: string): TuningMemory {
  let opened: Promise<IDBDatabase> | undefined;
  const open = (): Promise<IDBDatabase> => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store);
    return settled(request);
  };
  /** The result of a request, or undefined: a private window may refuse any of them. */
  const ask = async (mode: IDBTransactionMode, make: (choices: IDBObjectStore) => IDBRequest): Promise<unknown> => {
    try {
      opened ??= open();
      const database = await opened;
      return await settled(make(database.transaction(store, mode).objectStore(store)));
    } catch {
      return undefined;
    }
  };
  return {
    get: (key) => ask("readonly", (choices) => choices.get(key)),
    set: async (key, choice) => {
      await ask("readwrite", (choices) => choices.put(choice, key));
    },
  };
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
