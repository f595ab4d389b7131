/** Strings of 3 to 8 letters and digits, backwards: "k3m" to "m3k". */
import type { Task } from "./task.ts";

const characters = "0123456789abcdefghijklmnopqrstuvwxyz";

export const reverse: Task = {
  name: "reverse",
  characters,
  sourceLength: 8,
  targetLength: 8,
  example(random) {
    const source = Array.from({ length: 3 + random(6) }, () => characters[random(characters.length)]);
    return { source: source.join(""), target: source.reverse().join("") };
  },
};
