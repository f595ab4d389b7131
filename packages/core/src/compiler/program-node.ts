/** One scheduled kernel as a node of the program: its name, its work, and what it reads and writes. */
import type { Kernel, OpRequest } from "../backend/backend.ts";
import type { LoopNest } from "../backend/loop-nest.ts";
import { isFloat } from "../dtype.ts";
import { SconceError } from "../errors.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { ProgramNode, Work } from "./program.ts";
import type { ScheduledJob } from "./schedule.ts";

/** `place` numbers the values of the program. */
export function programNode(
  job: ScheduledJob,
  place: (tensor: Tensor) => number,
  claimed: ReadonlyMap<Tensor, Kernel | Promise<Kernel>>,
): ProgramNode {
  const [first] = job.outputs;
  const values = { inputs: job.inputs.map(place), outputs: job.outputs.map(place) };
  if (job.nest)
    return {
      name: describe(job.outputs),
      work: { kind: "nest", nest: job.nest },
      ...values,
      flops: nestFlops(job.nest),
    };
  const request = requestOf(first);
  const flops = first.op.flops?.(request.inputs, request.output, first.attributes) ?? first.size;
  return { name: first.op.name, work: wholeWork(first, request, claimed.get(first)), ...values, flops };
}

/** What a backend is asked when it may run an op whole. */
export function requestOf({ op, attributes, inputs, shape, dtype }: Tensor): OpRequest {
  return {
    op: op.name,
    attributes,
    inputs: inputs.map((input) => ({ shape: input.shape, dtype: input.dtype })),
    output: { shape, dtype },
  };
}

function wholeWork({ op, attributes }: Tensor, request: OpRequest, kernel: Kernel | Promise<Kernel> | undefined): Work {
  if (kernel) return { kind: "claim", request, kernel };
  if (!op.routine) throw new SconceError(`op ${op.name}: nothing says how to compute it.`);
  const run = op.routine(attributes);
  // The routine sees the shapes of its own inputs, whatever buffers they live in.
  return {
    kind: "routine",
    routine: (arrays) => run(arrays.map((array, i) => ({ ...array, shape: request.inputs[i].shape }))),
  };
}

function nestFlops(nest: LoopNest): number {
  const applied = (list: typeof nest.body): number => list.filter((i) => i.kind === "apply" && isFloat(i.dtype)).length;
  const outer = sizeOf(nest.shape);
  const inner = nest.reduce ? sizeOf(nest.reduce.extent) : 1;
  return outer * (inner * (applied(nest.body) + (nest.reduce?.accumulators.length ?? 0)) + applied(nest.epilogue));
}

function describe(outputs: readonly Tensor[]): string {
  return [...new Set(outputs.map((output) => output.op.name))].join("+");
}
