/** Kernels that are done part by part, as addon/parts/parts.h describes them. */
import type { LoopNest, OpRequest } from "@sconce/core";
import { encodeNest } from "../encode-nest.ts";
import { describeMoments } from "./moments.ts";

/** A nest and the output loop whose positions are its parts, or the request for moments. */
export type PartedWork = { readonly nest: LoopNest; readonly loop: number } | { readonly moments: OpRequest };

export interface PartsAttributes {
  /** How many parts there are, and how many are done at once. */
  readonly parts: number;
  readonly atOnce: number;
  /** How many of the buffers are results. */
  readonly outputs: number;
  /** The kernels in order, each with its buffers' numbers among all: inputs first, then outputs. */
  readonly stages: readonly { readonly work: PartedWork; readonly buffers: readonly number[] }[];
}

export function describeParts(request: OpRequest): readonly number[] | undefined {
  const { parts, atOnce, outputs, stages } = request.attributes as PartsAttributes;
  const description = [parts, atOnce, request.inputs.length, outputs, stages.length];
  for (const { work, buffers } of stages) {
    const own = "nest" in work ? encodeNest(work.nest) : describeMoments(work.moments);
    if (!own) return undefined;
    description.push(...("nest" in work ? [0, work.loop] : [1]), buffers.length, ...buffers, own.length, ...own);
  }
  return description;
}
