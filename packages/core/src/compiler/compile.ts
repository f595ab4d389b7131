/** The compiler's passes in order: legalize, fuse, build nests, schedule, let the backend rewrite, plan memory. */
import type { Backend, Claim, Signature } from "../backend/backend.ts";
import { bytesPerElement } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fuse } from "./fuse.ts";
import type { Capture } from "./graph.ts";
import { type LegalGraph, legalize } from "./legalize.ts";
import { buildNest } from "./nest.ts";
import { planMemory } from "./plan-memory.ts";
import type { Program, ProgramDraft } from "./program.ts";
import { programNode } from "./program-node.ts";
import { type Job, schedule } from "./schedule.ts";

/** What the compiler must know of an output beyond its tensor. */
export interface OutputRole {
  /** The source whose place it will take: a variable's new value. */
  readonly replaces?: number;
}

/** Compiles a capture for a backend. */
export function compileCapture(graph: Capture, roles: readonly OutputRole[], backend: Backend, claim: Claim): Program {
  const legal = legalize(graph.outputs, claim);
  for (const tensor of legal.order) requireDType(tensor, backend);
  const { fusible, whole, once } = sortOut(legal);
  const stored = new Set<Tensor>([...legal.outputs, ...[...whole.values()].flat(), ...once]);
  const plan = fuse({ order: legal.order, fusible, stored, whole }, backend.capabilities);
  const jobs: Job[] = plan.groups.map(({ domain, members, reads }) => {
    const own = new Set(members);
    return {
      members,
      inputs: reads,
      build: (outputs) => buildNest(domain, outputs, (tensor) => own.has(tensor) || plan.isPulled(tensor)),
    };
  });
  for (const [tensor, inputs] of whole) jobs.push({ members: [tensor], inputs });
  const scheduled = schedule(jobs, stored, legal.outputs, legal.order);

  const places = new Map<Tensor, number>();
  const place = (tensor: Tensor): number => {
    if (!places.has(tensor)) places.set(tensor, places.size);
    return places.get(tensor) as number;
  };
  const nodes = scheduled.map((job) => programNode(job, place, legal.claimed));
  const outputs = legal.outputs.map((output, i) => ({ value: place(output), ...roles[i] }));
  const sources = new Map(graph.sources.map((source, i) => [source, i]));
  const values = [...places.keys()].map((tensor) => ({
    shape: tensor.shape,
    dtype: tensor.dtype,
    source: sources.get(tensor),
  }));
  const drafted: ProgramDraft = { values, nodes, outputs };
  return planMemory(backend.optimize?.(drafted, claim) ?? drafted, graph.tensors.length);
}

interface Sorted {
  /** The primitives, which may be fused. */
  readonly fusible: ReadonlySet<Tensor>;
  /** The ops that run whole, with the tensors whose buffers they read. */
  readonly whole: ReadonlyMap<Tensor, readonly Tensor[]>;
  /** What must not be computed twice. */
  readonly once: readonly Tensor[];
}

function sortOut({ order, claimed }: LegalGraph): Sorted {
  const alias = aliases(order);
  const once = order
    .filter(({ op, source }) => op.traits?.stores && !source)
    .map(({ inputs: [input] }) => alias(input));
  const fusible = new Set<Tensor>();
  const whole = new Map<Tensor, readonly Tensor[]>();
  for (const tensor of order) {
    if (tensor.source) continue;
    if (tensor.op.lower && !claimed.has(tensor)) fusible.add(tensor);
    // A relabelled input is the same bytes as what it relabels: that is what gets the buffer.
    else whole.set(tensor, tensor.inputs.map(alias));
  }
  return { fusible, whole, once };
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

/** Bytes of a value. */
export function byteLengthOf({ shape, dtype }: Signature): number {
  return sizeOf(shape) * bytesPerElement(dtype);
}
