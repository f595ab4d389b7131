/**
 * The order of kernels: as the user's code made them (which keeps a layer's two gradients together), inputs first.
 * Kernels that only serve the outputs of variables come last, after everything that could fail.
 */
import type { LoopNest } from "../backend/loop-nest.ts";
import type { Tensor } from "../tensor.ts";
import type { BuiltNest } from "./nest.ts";

/** Work to be ordered: a fused group, or an op that runs whole. */
export interface Job {
  readonly members: readonly Tensor[];
  /** What it reads, whichever of its members it stores. */
  readonly inputs: readonly Tensor[];
  readonly build?: (outputs: readonly Tensor[]) => BuiltNest;
}

export interface ScheduledJob {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly nest?: LoopNest;
}

/** `stored` must have a buffer; other members of a group do only if another kernel reads them. */
export function schedule(
  jobs: readonly Job[],
  stored: ReadonlySet<Tensor>,
  outputs: readonly Tensor[],
  order: readonly Tensor[],
): ScheduledJob[] {
  const position = new Map(order.map((tensor, i) => [tensor, i]));
  const home = new Map<Tensor, Job>();
  for (const job of jobs) for (const member of job.members) home.set(member, job);
  const wanted = new Set<Tensor>(stored);
  for (const { inputs } of jobs) for (const input of inputs) wanted.add(input);

  const lastPosition = (job: Job): number => Math.max(...job.members.map((member) => position.get(member) as number));
  const isOutput = new Set(outputs);
  const late = (job: Job): boolean =>
    job.build !== undefined && job.members.every((member) => isOutput.has(member) || !wanted.has(member));
  const sorted = [...jobs].sort((a, b) => Number(late(a)) - Number(late(b)) || lastPosition(a) - lastPosition(b));
  const done = new Set<Job>();
  const result: ScheduledJob[] = [];
  const visit = (start: Job): void => {
    const stack = [start];
    while (stack.length > 0) {
      const job = stack[stack.length - 1];
      if (done.has(job)) {
        stack.pop();
        continue;
      }
      const waiting = job.inputs
        .map((input) => home.get(input))
        .filter((before) => before && before !== job && !done.has(before));
      if (waiting.length > 0) {
        stack.push(...(waiting as Job[]));
        continue;
      }
      stack.pop();
      done.add(job);
      const kept = job.members.filter((member) => wanted.has(member));
      if (kept.length === 0) continue;
      const built = job.build?.(kept);
      result.push({ outputs: kept, inputs: built?.inputs ?? job.inputs, nest: built?.nest });
    }
  };
  for (const job of sorted) visit(job);
  return result;
}
