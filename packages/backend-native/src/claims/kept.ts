/** Kernels whose results stay from run to run, as addon/kept/kept.h describes them. */
import type { LoopNest, OpRequest } from "@sconce/core";
import { encodeNest } from "../encode-nest.ts";

export function describeKeptNest({ attributes }: OpRequest): readonly number[] {
  return [...encodeNest(attributes as LoopNest)];
}

export function describeHold({ inputs }: OpRequest): readonly number[] {
  return [inputs.length];
}
