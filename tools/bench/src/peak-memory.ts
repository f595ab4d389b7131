/** Compares the memory that processes have taken at most when a work has run some times. */
import { commandOf, type Places } from "./measure.ts";
import { Child } from "./peers/child.ts";
import { Unavailable } from "./peers/serve.ts";
import type { CountRow } from "./report.ts";
import type { Counted, Participant } from "./suites/suite.ts";
import { workloads } from "./workloads.ts";

const runs = 6;

/** One row per peer. */
export async function peakMemory({ work, ours, against }: Counted, places: Places): Promise<CountRow[]> {
  const own = await peakOf(ours, work, places);
  const rows: CountRow[] = [];
  for (const peer of against) {
    const theirs = typeof own === "number" ? await peakOf(peer, work, places) : own;
    const row = {
      work,
      title: workloads[work].title,
      against: peer.name,
      quantity: "bytes of memory at most",
      target: 1,
    };
    if (typeof own !== "number" || typeof theirs !== "number") rows.push({ ...row, reason: String(theirs) });
    else rows.push({ ...row, ours: own, theirs });
  }
  return rows;
}

/** Bytes, or the reason why they are not known. */
async function peakOf(participant: Participant, work: string, places: Places): Promise<number | string> {
  const child = new Child(participant.name, commandOf(participant, places));
  try {
    for (let i = 0; i < runs; i++) await child.run(work, false);
    return child.peakBytes();
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  } finally {
    await child.close();
  }
}
