/** Surnames by language, from a folder of files `<Language>.txt` with one name per line. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Random, shuffled } from "./random.ts";

export interface Name {
  /** In the letters of the alphabet. */
  readonly text: string;
  /** The index of its language. */
  readonly label: number;
}

export interface Names {
  /** In alphabetical order. */
  readonly languages: readonly string[];
  readonly training: readonly Name[];
  readonly heldOut: readonly Name[];
}

/** What is left of a name: letters without accents, and what stands between them. */
export const alphabet = "abcdefghijklmnopqrstuvwxyz '-";

/** Reads the folder and holds out one name in ten of each language, one at least; a name counts once per language. */
export async function readNames(folder: string, random: Random): Promise<Names> {
  const files = await readdir(folder).catch(() => []);
  const found = files.filter((file) => file.endsWith(".txt")).sort();
  if (found.length < 2) {
    throw new Error(
      `The folder ${folder} has ${found.length} files <Language>.txt with one surname per line; at least two are needed. ` +
        "Those of the PyTorch tutorial are in https://download.pytorch.org/tutorial/data.zip, under data/names: " +
        "unpack it and give --data data/names.",
    );
  }
  const training: Name[] = [];
  const heldOut: Name[] = [];
  for (const [label, file] of found.entries()) {
    const lines = (await readFile(join(folder, file), "utf8")).split("\n").map(plainLetters);
    const names = shuffled([...new Set(lines)].filter(Boolean), random).map((text) => ({ text, label }));
    const held = Math.max(1, Math.round(names.length / 10));
    heldOut.push(...names.slice(0, held));
    training.push(...names.slice(held));
  }
  return { languages: found.map((file) => basename(file, ".txt")), training, heldOut };
}

/** "Ślusàrski" to "slusarski". */
export function plainLetters(name: string): string {
  const letters = name.trim().toLowerCase().normalize("NFD").replaceAll("ß", "ss").replaceAll("ł", "l");
  return [...letters].filter((letter) => alphabet.includes(letter)).join("");
}
