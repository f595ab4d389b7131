/** What a suite is: pairs of a work and what it is measured against. */
import type { Plan } from "../timing.ts";

/** A process that runs works. */
export interface Participant {
  readonly name: string;
  /** The file in `src/peers` that it runs. */
  readonly script: string;
  readonly arguments: readonly string[];
  /** The folder in `tools/bench/peers` whose packages it needs. */
  readonly packages?: string;
  /** What runs the script: Node by default. */
  readonly language?: "python";
  /** Variables of the environment that it runs with. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Pair {
  /** A name in `workloads`. */
  readonly work: string;
  /** Another participant, several of which the fastest counts, or a number of milliseconds. */
  readonly against: Participant | readonly Participant[] | number;
  /** The ratio to reach: how many times faster than `against`. Absent where the figure is for orientation. */
  readonly target?: number;
  /** Who runs the work in the suite's stead, and what sets it apart: "1 thread". */
  readonly ours?: Participant;
  readonly variant?: string;
  /** How this pair's measuring departs from the plan of all. */
  readonly plan?: Partial<Plan>;
}

/** A work of which something is counted. */
export interface Counted {
  readonly work: string;
  readonly ours: Participant;
  readonly against: readonly Participant[];
}

export interface Suite {
  readonly name: string;
  readonly ours: Participant;
  readonly pairs: readonly Pair[];
  /** What libraries ask of WebGPU, which needs no hardware. */
  readonly counted?: readonly Counted[];
  /** What memory the processes take. */
  readonly memory?: readonly Counted[];
}
