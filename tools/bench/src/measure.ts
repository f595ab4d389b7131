/** Measures one pair of a suite. */
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { disagreement } from "./answer.ts";
import { coresBusy } from "./machine.ts";
import { Child, type Command } from "./peers/child.ts";
import { installPeers } from "./peers/install.ts";
import { Unavailable } from "./peers/serve.ts";
import type { Row } from "./report.ts";
import type { Pair, Participant } from "./suites/suite.ts";
import { alternate, type Plan, type Side } from "./timing.ts";
import { workloads } from "./workloads.ts";

/** Where things are. */
export interface Places {
  /** URL of the module next to which `peers/` is. */
  readonly main: string;
  /** The folder of the peers' packages. */
  readonly packages: string;
  /** The Python that has torch. */
  readonly python: string;
}

/** Runs all sides in processes of their own, made for this pair; what is not to be had here gives a row that says so. */
export async function measure(ours: Participant, pair: Pair, plan: Plan, places: Places): Promise<Row> {
  const { against, target } = pair;
  const peers = typeof against === "number" ? [] : [against].flat();
  const { title, compared = Number.POSITIVE_INFINITY } = workloads[pair.work];
  const row = {
    work: pair.work,
    title: pair.variant ? `${title}, ${pair.variant}` : title,
    against: typeof against === "number" ? `${against} ms` : peers.map(({ name }) => name).join(" or "),
    ...(target !== undefined && { target }),
  };
  const busy = await coresBusy();
  const disturbed = busy > 0.25 ? [`others kept ${busy.toFixed(1)} cores busy: no valid result`] : [];
  const children: Child[] = [];
  const notes = new Map<string, string>();
  const side = (participant: Participant): Side => {
    const child = new Child(participant.name, commandOf(participant, places));
    children.push(child);
    return async (first) => {
      const run = await child.run(pair.work, first);
      if (run.note) notes.set(participant.name, run.note);
      return run;
    };
  };
  try {
    const participants = [pair.ours ?? ours, ...peers];
    let rounds = 0;
    const timings = await alternate(participants.map(side), { ...plan, ...pair.plan }, ([own, ...theirs]) => {
      if (rounds++ >= compared) return;
      for (const [i, answer] of theirs.entries()) {
        const difference = answer.length > 0 && disagreement(own, answer);
        if (difference)
          throw new Error(`${pair.work}: the answers of ${ours.name} and ${peers[i].name} differ: ${difference}.`);
      }
    });
    const [mine, ...theirs] = timings;
    if (typeof against === "number")
      return { ...row, ours: mine, ratio: against / mine.milliseconds, notes: disturbed };
    const fastest = theirs.reduce((best, timing, i) => (timing.milliseconds < theirs[best].milliseconds ? i : best), 0);
    const [{ name }, timing] = [peers[fastest], theirs[fastest]];
    const notice = notes.get(name);
    return {
      ...row,
      against: name,
      ours: mine,
      theirs: timing,
      ratio: timing.milliseconds / mine.milliseconds,
      notes: [...(notice ? [notice] : []), ...disturbed],
    };
  } catch (error) {
    if (error instanceof Unavailable) return { ...row, reason: error.message };
    throw error;
  } finally {
    await Promise.all(children.map((child) => child.close()));
  }
}

/** How a participant is started; installs its packages first. */
export function commandOf(participant: Participant, { main, packages, python }: Places): Command {
  const { script, arguments: args, environment, language } = participant;
  const common = environment && { environment };
  if (language === "python") {
    // Next to the sources, wherever this runs from: it is not built.
    const file = fileURLToPath(new URL(`../src/peers/${script}`, main));
    return { program: python, arguments: [file, ...args], ...common };
  }
  const file = fileURLToPath(new URL(`./peers/${script}${extname(new URL(main).pathname)}`, main));
  const folder = participant.packages === undefined ? [] : [join(packages, participant.packages)];
  folder.forEach(installPeers);
  return { program: process.execPath, arguments: [file, ...args, ...folder], ...common };
}
