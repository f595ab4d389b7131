/** Compares the memory that processes have taken at most when a work has run some times. */
import { afterRuns } from "./after-runs.ts";
import type { Places } from "./measure.ts";
import type { CountRow } from "./report.ts";
import type { Counted, Participant } from "./suites/suite.ts";
import { workloads } from "./workloads.ts";

const runs = 6;

/** One row per peer. */
export async function peakMemory({ work, ours, against }: Counted, places: Places): Promise<CountRow[]> {
  const peakOf = async (participant: Participant): Promise<{ readonly bytes: number } | { readonly reason: string }> =>
    afterRuns(participant, work, runs, places, (child) => ({ bytes: child.peakBytes() }));
  const own = await peakOf(ours);
  const rows: CountRow[] = [];
  for (const peer of against) {
    const theirs = "reason" in own ? own : await peakOf(peer);
    const row = {
      work,
      title: workloads[work].title,
      against: peer.name,
      quantity: "bytes of memory at most",
      target: 1,
    };
    if ("reason" in own || "reason" in theirs) rows.push({ ...row, reason: "reason" in theirs ? theirs.reason : "" });
    else rows.push({ ...row, ours: own.bytes, theirs: theirs.bytes });
  }
  return rows;
}
