/** The compiler's passes in order: legalize, fuse, build nests, schedule, plan memory. */
import type { Backend } from "../backend/backend.ts";
import type { LoopNest } from "../backend/loop-nest.ts";
import { bytesPerElement } from "../dtype.ts";
import { DTypeError, SconceError } from "../errors.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fuse } from "./fuse.ts";
import type { Capture } from "./graph.ts";
import { legalize, type Claim } from "./legalize.ts";
import { buildNest } from "./nest.ts";
import { planMemory } from "./plan-memory.ts";
import type { Program, ProgramNode } from "./program.ts";
import { schedule, type Job } from "./schedule.ts";

/** What the compiler must know of an output beyond its tensor. */
export interface OutputRole {
  /** The source whose place it will take: a variable's new value. */
  readonly replaces?: number;
}

/** Compiles a capture for a backend. */
export function compileCapture(graph: Capture, roles: readonly OutputRole[], backend: Backend, claim: Claim): Program {
  const legal = legalize(graph.outputs, claim);
  for (const tensor of legal.order) requireDType(tensor, backend);
  const alias = aliases(legal.order);
  const stored = new Set<Tensor>(legal.outputs);
  const fusible = new Set<Tensor>();
  const whole = new Map<Tensor, readonly Tensor[]>();
  for (const tensor of legal.order) {
    if (tensor.source) continue;
    if (tensor.op.lower && !legal.claimed.has(tensor)) fusible.add(tensor);
    // A relabelled input is the same bytes as what it relabels: that is what gets the buffer.
    else whole.set(tensor, tensor.inputs.map(alias));
  }
  for (const inputs of whole.values()) for (const input of inputs) stored.add(input);
  const plan = fuse({ order: legal.order, fusible, stored, whole }, backend.capabilities);
  const jobs: Job[] = [];
  for (const group of plan.groups) {
    const members = new Set(group.members);
    const inline = (tensor: Tensor): boolean => members.has(tensor) || plan.isPulled(tensor);
    jobs.push({ members: group.members, build: (outputs) => buildNest(group.domain, outputs, inline) });
  }
  for (const [tensor, inputs] of whole) jobs.push({ members: [tensor], inputs });
  const scheduled = schedule(jobs, stored, legal.outputs, legal.order);
  const position = new Map<Tensor, number>();
  const tensors: Tensor[] = [];
  const place = (tensor: Tensor): number => {
    let at = position.get(tensor);
    if (at === undefined) {
      at = tensors.push(tensor) - 1;
      position.set(tensor, at);
    }
    return at;
  };
  const nodes = scheduled.map((job): ProgramNode => {
    const [first] = job.outputs;
    const kernel = legal.claimed.get(first);
    const inputs = job.inputs.map(place);
    const outputs = job.outputs.map(place);
    if (job.nest) return { name: describe(job.outputs), work: { kind: "nest", nest: job.nest }, inputs, outputs, flops: nestFlops(job.nest) };
    const { op, attributes } = first;
    const signatures = first.inputs.map(({ shape, dtype }) => ({ shape, dtype }));
    const output = { shape: first.shape, dtype: first.dtype };
    const flops = op.flops?.(signatures, output, attributes) ?? first.size;
    if (kernel) {
      const request = { op: op.name, attributes, inputs: signatures, output };
      return { name: op.name, work: { kind: "claim", request, kernel }, inputs, outputs, flops };
    }
    if (!op.routine) throw new SconceError(`op ${op.name}: nothing says how to compute it.`);
    const run = op.routine(attributes);
    // The routine sees the shapes of its own inputs, whatever buffers they live in.
    const routine = (arrays: Parameters<typeof run>[0]): ReturnType<typeof run> =>
      run(arrays.map((array, i) => ({ ...array, shape: signatures[i].shape })));
    return { name: op.name, work: { kind: "routine", routine }, inputs, outputs, flops };
  });
  const sourceNumbers = new Map(graph.sources.map((source, i) => [source, i]));
  const outputs = legal.outputs.map(place);
  return planMemory(nodes, tensors, outputs, roles, sourceNumbers, graph.tensors.length);
}

/** For a chain of relabellings, the tensor whose bytes they show. */
function aliases(order: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const base = new Map<Tensor, Tensor>();
  for (const tensor of order) {
    if (tensor.op.traits?.relabels && !tensor.source) base.set(tensor, base.get(tensor.inputs[0]) ?? tensor.inputs[0]);
  }
  return (tensor) => base.get(tensor) ?? tensor;
}

function requireDType(tensor: Tensor, backend: Backend): void {
  if (backend.capabilities.dtypes.includes(tensor.dtype)) return;
  throw new DTypeError(
    `${tensor.op.name}: backend ${backend.name} cannot hold ${tensor.dtype} (it has ${backend.capabilities.dtypes.join(", ")}). ` +
      'Cast to one of these, for example x.cast("float32"), or use the cpu backend.',
  );
}

function nestFlops(nest: LoopNest): number {
  const applied = (list: typeof nest.body): number => list.filter((i) => i.kind === "apply" && i.dtype.startsWith("float")).length;
  const outer = sizeOf(nest.shape);
  const inner = nest.reduce ? sizeOf(nest.reduce.extent) : 1;
  return outer * (inner * (applied(nest.body) + (nest.reduce?.accumulators.length ?? 0)) + applied(nest.epilogue));
}

function describe(outputs: readonly Tensor[]): string {
  return [...new Set(outputs.map((output) => output.op.name))].join("+");
}

/** Bytes of a tensor's value. */
export function byteLengthOf(tensor: Pick<Tensor, "shape" | "dtype">): number {
  return sizeOf(tensor.shape) * bytesPerElement(tensor.dtype);
}
