/** Loop nests of which some results lie side by side, as addon/nest/nest.h describes them. */
import type { LoopNest, OpRequest } from "@sconce/core";
import { encodeNest } from "../encode-nest.ts";

export interface JoinedNestAttributes {
  readonly nest: LoopNest;
  /** Elements of a row of each part. */
  readonly row: number;
  /** The stores whose rows make the rows of the last result. */
  readonly joined: readonly number[];
}

export function describeJoinedNest({ attributes }: OpRequest): readonly number[] {
  const { nest, row, joined } = attributes as JoinedNestAttributes;
  return [...encodeNest(nest), row, joined.length, ...joined];
}
