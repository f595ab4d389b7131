/**
 * Merges epilogues into claimed kernels, and only then has the kernels that are left compiled, side by side: what an
 * epilogue was merged into is another kernel, and the one without it is not run.
 */
import { type Claim, fuseEpilogues, type ProgramDraft, type ProgramNode } from "@sconce/core";
import { WebGpuKernel } from "../kernels/kernel.ts";

export function compileClaims(given: ProgramDraft, claim: Claim, fuse: boolean): ProgramDraft {
  const draft = fuse ? fuseEpilogues(given, claim) : given;
  const compiled = (node: ProgramNode): ProgramNode => {
    const { work } = node;
    if (work.kind !== "claim" || !(work.kernel instanceof WebGpuKernel)) return node;
    return { ...node, work: { ...work, kernel: work.kernel.compile() } };
  };
  return { ...draft, nodes: draft.nodes.map(compiled) };
}
