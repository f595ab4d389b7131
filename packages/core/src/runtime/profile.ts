/** Per-kernel times of everything that runs inside `profile(fn)`. */
import type { Program } from "../compiler/program.ts";
import { formatTable } from "../format-table.ts";

/** One kernel of a profile, summed over its runs. */
export interface ProfileRow {
  readonly name: string;
  runs: number;
  milliseconds: number;
  /** Bytes read and written. */
  bytes: number;
  flops: number;
}

/** What `profile` measured. */
export class Profile {
  readonly #rows = new Map<string, ProfileRow>();
  #compileMilliseconds = 0;

  /** @internal */
  add(program: Program, step: number, milliseconds: number, compileMilliseconds: number): void {
    this.#compileMilliseconds += compileMilliseconds;
    const node = program.nodes[step];
    const shape = program.values[node.outputs[0]].shape;
    const name = `${node.name} [${shape.join(", ")}]`;
    const row = this.#rows.get(name) ?? { name, runs: 0, milliseconds: 0, bytes: 0, flops: 0 };
    row.runs++;
    row.milliseconds += milliseconds;
    for (const value of [...node.inputs, ...node.outputs]) row.bytes += program.values[value].byteLength;
    row.flops += node.flops;
    this.#rows.set(name, row);
  }

  /** Slowest first. */
  get rows(): readonly ProfileRow[] {
    return [...this.#rows.values()].sort((a, b) => b.milliseconds - a.milliseconds);
  }

  get milliseconds(): number {
    return this.rows.reduce((sum, row) => sum + row.milliseconds, 0);
  }

  /** What the backend spent on compiling kernels that ran for the first time; in no row and not in `milliseconds`. */
  get compileMilliseconds(): number {
    return this.#compileMilliseconds;
  }

  /** A readable table, slowest kernel first. */
  toString(): string {
    const total = this.milliseconds || 1;
    const rows = this.rows.map((row) => [
      row.name,
      String(row.runs),
      row.milliseconds.toFixed(2),
      `${((100 * row.milliseconds) / total).toFixed(1)} %`,
      (row.bytes / 1e6 / (row.milliseconds || 1)).toFixed(2),
      (row.flops / 1e6 / (row.milliseconds || 1)).toFixed(2),
    ]);
    if (this.#compileMilliseconds > 0) rows.push(["(compiling)", "", this.#compileMilliseconds.toFixed(2), "", "", ""]);
    return formatTable(["kernel", "runs", "ms", "share", "GB/s", "GFLOP/s"], rows);
  }
}

let active: Profile | undefined;

/** The profile being taken, if any. */
export function activeProfile(): Profile | undefined {
  return active;
}

/** Runs `fn` and measures every kernel that runs before its result is ready. Kernels run one at a time meanwhile. */
export async function profile(fn: () => unknown): Promise<Profile> {
  const before = active;
  const taken = new Profile();
  active = taken;
  try {
    await fn();
  } finally {
    active = before;
  }
  return taken;
}
