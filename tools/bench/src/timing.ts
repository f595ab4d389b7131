/**
 * Timing of works side by side.
 *
 * The sides take turns, so that whatever slows the machine for a while slows all of them. A turn is as many runs as fit
 * into a moment, as in a training loop; when there are several, the first is not measured: threads that slept during the
 * other side's turn may all wake on one processor. Each side gets warm-ups and then at least `runs` measured runs; one
 * whose runs do not fit its budget gets as many as do, at least one, and gives up warm-ups first.
 */

/** One run of a work: how long it took, and some numbers of its result. */
export interface Run {
  readonly milliseconds: number;
  readonly answer: readonly number[];
  /** What a reader should know of how it was run. */
  readonly note?: string;
}

/** Runs the work once; `first` in a turn. */
export type Side = (first: boolean) => Promise<Run>;

export interface Plan {
  readonly warmups: number;
  /** Measured runs, at least. */
  readonly runs: number;
  /** Milliseconds that the measured runs take together, at least, unless there are `maximumRuns` of them. */
  readonly window: number;
  readonly maximumRuns: number;
  /** Milliseconds of a turn; one run may take longer. */
  readonly turn: number;
  /** Milliseconds that a side may take in all. */
  readonly budget: number;
}

export const thorough: Plan = { warmups: 2, runs: 5, window: 1000, maximumRuns: 100, turn: 500, budget: 60_000 };
export const quick: Plan = { warmups: 1, runs: 3, window: 100, maximumRuns: 10, turn: 30, budget: 5_000 };

/** What a side's runs came to. */
export interface Timing {
  /** Median of the measured runs. */
  readonly milliseconds: number;
  readonly runs: number;
  readonly warmups: number;
}

/** Runs the sides in turn until each has enough; `check` sees the answers of each run that all sides have done. */
export async function alternate(
  sides: readonly Side[],
  plan: Plan,
  check: (answers: readonly (readonly number[])[]) => void,
): Promise<Timing[]> {
  const times = sides.map((): number[] => []);
  const answers = sides.map((): (readonly number[])[] => []);
  let checked = 0;
  while (times.some((taken) => !isEnough(taken, plan))) {
    for (const [i, side] of sides.entries()) {
      if (!isEnough(times[i], plan)) times[i].push(...(await takeTurn(side, times[i], answers[i], plan)));
    }
    for (; answers.every(({ length }) => length > checked); checked++) check(answers.map((given) => given[checked]));
  }
  return times.map((taken) => summarize(taken, plan));
}

/** One turn of a side that took the times `before`: its times, but for that of the run that woke it. */
async function takeTurn(
  side: Side,
  before: readonly number[],
  answers: (readonly number[])[],
  plan: Plan,
): Promise<number[]> {
  const all: number[] = [];
  do {
    const { milliseconds, answer } = await side(all.length === 0);
    all.push(milliseconds);
    answers.push(answer);
  } while (
    total(all) < plan.turn &&
    all.length <= plan.maximumRuns / 5 &&
    !isEnough([...before, ...all.slice(1)], plan)
  );
  return all.length > 1 ? all.slice(1) : all;
}

/** Whether a side that took these times is done. */
function isEnough(times: readonly number[], plan: Plan): boolean {
  if (times.length === 0) return false;
  if (total(times) + times[times.length - 1] > plan.budget) return true;
  const measured = times.slice(plan.warmups);
  if (measured.length < plan.runs) return false;
  return measured.length >= plan.maximumRuns || total(measured) >= plan.window;
}

function summarize(times: readonly number[], plan: Plan): Timing {
  const warmups = Math.min(plan.warmups, Math.max(0, times.length - plan.runs));
  const measured = times.slice(warmups);
  return { milliseconds: median(measured), runs: measured.length, warmups };
}

function total(times: readonly number[]): number {
  return times.reduce((sum, time) => sum + time, 0);
}

/** The middle of the sorted values; the mean of the two middle ones if their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
