/**
 * How a thread that fails tells the others: it leaves a text behind the control words and opens the barrier. Whoever
 * waits there, or will, looks whether somebody failed and traps as well, so that every thread comes home.
 */
import { control } from "./control.ts";

const textBytes = control.end - control.text;

/** What went wrong and, where the engine tells, in which kernel. */
export function explain(error: unknown): string {
  const { message, stack } = error as Error;
  const kernel = stack?.match(/^\s*(?:at )?([^\s(@]+).*wasm-function/m)?.[1];
  return kernel ? `${message} in ${kernel}` : message;
}

/** Tells the other threads that this one failed; only the first to fail is heard. */
export function abandon(words: Int32Array, error: unknown): void {
  if (Atomics.load(words, control.failed / 4) === 0) {
    const text = new TextEncoder().encode(explain(error)).subarray(0, textBytes);
    new Uint8Array(words.buffer, control.text).set(text);
    Atomics.store(words, control.failed / 4, text.length || 1);
  }
  Atomics.add(words, control.generation / 4, 1);
  Atomics.notify(words, control.generation / 4);
}

/** What the thread said that failed; undefined while none has. */
export function failureOf(words: Int32Array): string | undefined {
  const length = Atomics.load(words, control.failed / 4);
  // Text in shared memory cannot be decoded, only a copy of it.
  return length === 0
    ? undefined
    : new TextDecoder().decode(new Uint8Array(words.buffer, control.text, length).slice());
}
