/** `explain(step)`: what a captured function became, as a readable table. */

import type { LoopNest } from "../backend/loop-nest.ts";
import { formatTable } from "../format-table.ts";
import type { Compiled } from "../runtime/compile-function.ts";
import { formatShape } from "../shape.ts";
import type { Program, ProgramNode } from "./program.ts";

/**
 * Describes a Program, or the latest program of a compiled function: its kernels, slots, and bytes before and after
 * planning; with `code`, also the code of kernels whose backend shows it (webgpu's shaders), each once.
 */
export function explain(
  subject: Program | Compiled<never, unknown>,
  { code = false }: { readonly code?: boolean } = {},
): string {
  const program = "nodes" in subject ? subject : subject.programs().at(-1);
  if (!program) return "No program yet: call the compiled function once, then explain it.";
  const rows = program.nodes.map((node, i) => [
    `${i} ${node.name}`,
    work(node),
    node.inputs.map((value) => place(program, value)).join(" "),
    node.outputs.map((value) => `${place(program, value)} ${formatShape(program.values[value].shape)}`).join(" "),
    bytes(node.outputs.reduce((sum, value) => sum + program.values[value].byteLength, 0)),
  ]);
  const planned = program.slots.reduce((sum, size) => sum + size, 0);
  const share = program.unplannedBytes > 0 ? ` (${((100 * planned) / program.unplannedBytes).toFixed(1)} %)` : "";
  return [
    `${program.capturedTensors} tensors captured, ${program.nodes.length} kernels, ${program.slots.length} slots`,
    `in between: ${bytes(program.unplannedBytes)} before planning, ${bytes(planned)} after${share}`,
    "",
    formatTable(["kernel", "runs as", "reads", "writes", "bytes"], rows),
    ...(code ? codeOf(program) : []),
  ].join("\n");
}

/** The code of each kernel, below the numbers of the nodes that it runs. */
function codeOf({ kernels = [] }: Program): string[] {
  return [...new Set(kernels)].flatMap((kernel) => {
    const text = kernel?.code?.();
    if (!kernel || text === undefined) return [];
    const nodes = kernels.flatMap((other, i) => (other === kernel ? [i] : []));
    return ["", `kernel ${nodes.join(", ")}: ${kernel.name ?? ""}`, "", text];
  });
}

function work({ work }: ProgramNode): string {
  if (work.kind === "claim") return "claimed";
  return work.kind === "routine" ? "routine" : loops(work.nest);
}

function loops(nest: LoopNest): string {
  const output = nest.shape.length > 0 ? nest.shape.join("x") : "1";
  return nest.reduce ? `loops ${output} over ${nest.reduce.extent.join("x") || "1"}` : `loops ${output}`;
}

function place(program: Program, value: number): string {
  const { home } = program.values[value];
  if (home.kind === "slot") return `slot ${home.slot}`;
  if (home.kind === "source") return `in ${home.position}`;
  return home.inPlaceOf === undefined ? `out ${home.position}` : `out ${home.position}=in ${home.inPlaceOf}`;
}

function bytes(count: number): string {
  if (count < 1e3) return `${count} B`;
  return count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(2)} MB`;
}
