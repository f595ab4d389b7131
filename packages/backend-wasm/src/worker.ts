/** The entry of a worker thread: waits for commands in the shared memory and carries them out, until told to leave. */
import { commands, control, spins } from "./machine/control.ts";
import { instantiate, withoutHostFunctions } from "./machine/instance.ts";

/** The first message to a worker. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
}

/** The end of the line to the calling thread, in a page's worker and in Node's. */
interface Port {
  onmessage?: ((event: { data: WorkerStart }) => void) | null;
  once?(event: "message", listener: (start: WorkerStart) => void): void;
  postMessage(message: unknown): void;
  close(): void;
}

const node = typeof process === "object" && process.versions?.node !== undefined;
const port = node
  ? ((await import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${"worker_threads"}`)).parentPort as Port | null)
  : (globalThis as unknown as Port);

if (port?.once) port.once("message", serve);
else if (port) port.onmessage = ({ data }) => serve(data);
port?.postMessage("listening");

function serve({ memory, thread }: WorkerStart): void {
  const words = new Int32Array(memory.buffer, 0, control.end / 4);
  const host = withoutHostFunctions({ memory, mayWait: () => 1 });
  const programs = new Map<number, (thread: number) => void>();
  let sequence = Atomics.load(words, control.sequence / 4);
  port?.postMessage("ready");
  for (;;) {
    sequence = nextCommand(words, sequence);
    const [command, number, address, length] = words.subarray(control.command / 4, control.command / 4 + 4);
    if (command === commands.run) {
      programs.get(number)?.(thread);
      continue;
    }
    try {
      if (command === commands.load)
        programs.set(number, instantiate(new Uint8Array(memory.buffer, address >>> 0, length).slice() as Uint8Array<ArrayBuffer>, host));
      else if (command === commands.forget) programs.delete(number);
    } catch {
      Atomics.store(words, control.failed / 4, 1);
    }
    Atomics.add(words, control.answers / 4, 1);
    if (command === commands.exit) break;
  }
  port?.close();
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
