/** Counts what libraries ask of WebGPU for one warmed-up run of a work: that needs no hardware, and is the same every time. */
import { afterRuns } from "./after-runs.ts";
import type { Places } from "./measure.ts";
import type { GpuCounts } from "./peers/gpu-meter.ts";
import type { CountRow } from "./report.ts";
import type { Counted, Participant } from "./suites/suite.ts";
import { workloads } from "./workloads.ts";

/** What is compared, in words. */
const quantities: Readonly<Record<keyof GpuCounts, string>> = {
  dispatches: "dispatches",
  commandBuffers: "command buffers",
  bindGroupsMade: "bind groups made",
  bytesBound: "bytes bound to dispatches",
  bytesCopied: "bytes written and copied",
  buffersMade: "buffers made",
  buffers: "buffers at most",
  bytes: "bytes of all buffers at most",
  pipelines: "pipelines",
};
/** For orientation: shaders that know their shapes are many. */
const untargeted: readonly string[] = ["pipelines" satisfies keyof GpuCounts];

const warmUps = 5;

/** One row per quantity and peer. */
export async function count({ work, ours, against }: Counted, places: Places): Promise<CountRow[]> {
  const own = await countsOf(ours, work, places);
  const rows: CountRow[] = [];
  for (const peer of against) {
    const theirs = "reason" in own ? own : await countsOf(peer, work, places);
    const row = { work, title: workloads[work].title, against: peer.name };
    if ("reason" in own || "reason" in theirs) {
      rows.push({ ...row, quantity: "all", reason: "reason" in theirs ? theirs.reason : "" });
      continue;
    }
    for (const [name, quantity] of Object.entries(quantities)) {
      const [mine, their] = [own[name as keyof GpuCounts], theirs[name as keyof GpuCounts]];
      const target = untargeted.includes(name) ? {} : { target: 1 };
      rows.push({ ...row, quantity, ours: mine, theirs: their, ...target });
    }
  }
  return rows;
}

async function countsOf(
  participant: Participant,
  work: string,
  places: Places,
): Promise<GpuCounts | { readonly reason: string }> {
  return afterRuns(participant, work, warmUps, places, async (child) => {
    const { counts } = await child.run(work, false);
    if (!counts) throw new Error(`${participant.name} counts nothing`);
    return counts;
  });
}
