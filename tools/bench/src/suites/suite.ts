/** What a suite is: pairs of a work and what it is measured against. */

/** A process that runs works. */
export interface Participant {
  readonly name: string;
  /** The file in `src/peers` that it runs. */
  readonly script: string;
  readonly arguments: readonly string[];
  /** Whether it needs the packages of `tools/bench/peers`. */
  readonly installed?: boolean;
}

export interface Pair {
  /** A name in `workloads`. */
  readonly work: string;
  /** Another participant, or a number of milliseconds. */
  readonly against: Participant | number;
  /** The ratio to reach: how many times faster than `against`. */
  readonly target: number;
}

export interface Suite {
  readonly name: string;
  readonly ours: Participant;
  readonly pairs: readonly Pair[];
}
