/** Files that are either complete or not there. */
import { open, rename, rm } from "node:fs/promises";

/** Writes a temporary file beside `path`, makes it durable, and renames it; what was at `path` is replaced at once or not at all. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
