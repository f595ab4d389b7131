/** Measures one pair of a suite. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { disagreement } from "./answer.ts";
import { Child } from "./peers/child.ts";
import { installPeers } from "./peers/install.ts";
import type { Row } from "./report.ts";
import type { Pair, Participant } from "./suites/suite.ts";
import { alternate, type Plan } from "./timing.ts";
import { workloads } from "./workloads.ts";

/** Where the scripts of participants are, and the packages of peers. */
export interface Folders {
  /** URL of the module next to which `peers/` is. */
  readonly main: string;
  readonly packages: string;
}

/** Runs both sides in processes of their own, made for this pair. */
export async function measure(ours: Participant, pair: Pair, plan: Plan, folders: Folders): Promise<Row> {
  const { against } = pair;
  const peer = typeof against === "number" ? undefined : against;
  const children = [ours, ...(peer ? [peer] : [])].map((participant) => start(participant, folders));
  const sides = children.map((child) => () => child.run(pair.work));
  const row = { work: pair.work, title: workloads[pair.work].title, target: pair.target };
  try {
    const [mine, theirs] = await alternate(sides, plan, ([first, second]) => {
      const difference = second && disagreement(first, second);
      if (difference)
        throw new Error(`${pair.work}: the answers of ${ours.name} and ${peer?.name} differ: ${difference}.`);
    });
    if (typeof against === "number")
      return { ...row, against: `${against} ms`, ours: mine, ratio: against / mine.milliseconds };
    return { ...row, against: against.name, ours: mine, theirs, ratio: theirs.milliseconds / mine.milliseconds };
  } finally {
    await Promise.all(children.map((child) => child.close()));
  }
}

function start({ name, script, arguments: args, installed }: Participant, { main, packages }: Folders): Child {
  if (installed) installPeers(packages);
  const file = new URL(`./peers/${script}${extname(new URL(main).pathname)}`, main);
  return new Child(name, fileURLToPath(file), installed ? [...args, packages] : args);
}
