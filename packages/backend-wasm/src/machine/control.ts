/**
 * The words at the start of the shared memory through which threads meet, each on a cache line of its own.
 *
 * Commands: the calling thread writes `command` and its operands and then raises `sequence`; a worker that sees the
 * new number carries the command out and answers by raising `answers` (a run answers by its own barriers).
 */
const line = 64;

/** Byte addresses. */
export const control = {
  /** Number of the latest command. */
  sequence: 1 * line,
  /** Workers asleep on `sequence`. */
  sleepers: 2 * line,
  /** Threads that have reached the barrier. */
  arrived: 3 * line,
  /** Barriers passed. */
  generation: 4 * line,
  /** Threads asleep on `generation`. */
  resting: 5 * line,
  /** The next unit of the phase under way. */
  next: 6 * line,
  /** The command and its operands. */
  command: 7 * line,
  /** Workers that have carried out the latest command. */
  answers: 8 * line,
  /** Not 0 when a thread could not carry out the latest command: the length of the text that says why. */
  failed: 9 * line,
  text: 10 * line,
  /** The first byte behind the control words. */
  end: 16 * line,
} as const;

/** What a worker is told to do. */
export const commands = {
  /** Compile the module at [address, length] and keep it under a number: operands number, address, length. */
  load: 1,
  /** Run the module of a number. */
  run: 2,
  /** Forget the module of a number, if there is one. */
  forget: 3,
} as const;

/** Looks at a word this often before sleeping on it. */
export const spins = 20000;

/** The control words of a memory. */
export function controlWords(memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer, 0, control.end / 4);
}
