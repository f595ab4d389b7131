/** A machine as the options and the platform allow: its memory, and its threads or the reason why there are none. */
import { BackendError } from "@sconce/core";
import { hasRelaxedSimd, requireSimd } from "./features.ts";
import { Machine } from "./machine.ts";
import { makeMemory, pageBytes } from "./memory.ts";
import { availableProcessors, reasonAgainstThreads, startThreads } from "./threads.ts";

export interface MachineOptions {
  readonly threads?: number;
  readonly relaxedSimd?: boolean;
  readonly maximumBytes?: number;
}

/** Makes the memory and starts the threads. */
export async function openMachine({ threads, relaxedSimd, maximumBytes = 2 ** 32 }: MachineOptions): Promise<Machine> {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw new BackendError(`wasm: threads is ${threads}; give a whole number of at least 1, or leave it out.`);
  if (!(maximumBytes >= pageBytes))
    throw new BackendError(
      `wasm: maximumBytes is ${maximumBytes}; give at least ${pageBytes}, one page, or leave it out.`,
    );
  requireSimd();
  const relaxed = relaxedSimd ?? hasRelaxedSimd();
  const wanted = threads ?? availableProcessors();
  let reason =
    threads === 1 ? "one thread was asked for" : wanted === 1 ? "there is one processor" : reasonAgainstThreads();
  if (reason === undefined) {
    try {
      const growing = makeMemory(maximumBytes, true);
      return new Machine(growing, await startThreads(growing.memory, wanted - 1), relaxed);
    } catch (error) {
      reason = (error as Error).message;
    }
  }
  return new Machine(makeMemory(maximumBytes, false), undefined, relaxed, reason);
}
