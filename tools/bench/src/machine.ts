/** What a reader must know of the machine, in general terms. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** For example "2026-01-31, 2 cores x64 with AVX-512, Node v24.1.0". */
export function machineFacts(): string {
  const cores = availableParallelism();
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${cores} ${cores === 1 ? "core" : "cores"} ${process.arch}${vectors()}, Node ${process.version}`;
}

function vectors(): string {
  const facts = "/proc/cpuinfo";
  const flags = existsSync(facts) ? readFileSync(facts, "utf8") : "";
  if (/\bavx512f\b/.test(flags)) return " with AVX-512";
  return /\bavx2\b/.test(flags) ? " with AVX2" : "";
}

/** How many processors others keep busy, watched for a moment in which this process does nothing. */
export async function coresBusy(): Promise<number> {
  const before = idleMilliseconds();
  const start = performance.now();
  await sleep(300);
  return Math.max(0, cpus().length - (idleMilliseconds() - before) / (performance.now() - start));
}

function idleMilliseconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.idle, 0);
}
