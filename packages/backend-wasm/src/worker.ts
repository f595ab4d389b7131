/** The entry of a worker thread: waits for commands in the shared memory and carries them out, until it is terminated. */
import { commands, control, controlWords, spins } from "./machine/control.ts";
import { abandon } from "./machine/failure.ts";
import { type Entry, instantiate, withoutHostFunctions } from "./machine/instance.ts";
import { nodeModule } from "./machine/platform.ts";

/** The one message to a worker. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
}

/** The end of the line to the calling thread, in a page's worker and in Node's. */
interface Port {
  postMessage(message: string): void;
}

const node = nodeModule<typeof import("node:worker_threads")>("worker_threads");
if (node) {
  const { parentPort } = node;
  parentPort?.once("message", (start: WorkerStart) => serve(parentPort, start));
} else {
  const scope = globalThis as unknown as Port & { onmessage: (event: { data: WorkerStart }) => void };
  scope.onmessage = ({ data }) => serve(scope, data);
}

const operands = control.command / 4;

function serve(port: Port, { memory, thread }: WorkerStart): void {
  const words = controlWords(memory);
  const host = withoutHostFunctions({ memory, mayWait: () => 1 });
  const programs = new Map<number, Entry>();
  let sequence = Atomics.load(words, control.sequence / 4);
  port.postMessage("ready");
  for (;;) {
    sequence = nextCommand(words, sequence);
    const command = words[operands];
    const number = words[operands + 1];
    try {
      if (command === commands.run) (programs.get(number) as Entry)(thread);
      else if (command === commands.forget) programs.delete(number);
      else {
        // Growing by nothing makes this thread see how far the others have grown the memory.
        memory.grow(0);
        const code = new Uint8Array(memory.buffer, words[operands + 2] >>> 0, words[operands + 3]);
        programs.set(number, instantiate(code.slice(), host));
      }
    } catch (error) {
      abandon(words, error);
    }
    if (command === commands.run) continue;
    Atomics.add(words, control.answers / 4, 1);
    Atomics.notify(words, control.answers / 4);
  }
}

/** Looks, then sleeps, until the sequence number is no longer `known`. */
function nextCommand(words: Int32Array, known: number): number {
  const at = control.sequence / 4;
  for (let turn = 0; turn < spins; turn++) {
    const now = Atomics.load(words, at);
    if (now !== known) return now;
  }
  Atomics.add(words, control.sleepers / 4, 1);
  while (Atomics.load(words, at) === known) Atomics.wait(words, at, known);
  Atomics.sub(words, control.sleepers / 4, 1);
  return Atomics.load(words, at);
}
