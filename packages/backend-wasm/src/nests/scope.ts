/** One vector's worth of a nest's computation. */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { Values } from "./instructions.ts";
import type { LaneContext } from "./lanes.ts";

/** A nest has two lists of instructions. */
export type Region = "body" | "epilogue";

export interface Scope {
  readonly context: LaneContext;
  /** Elements between the start of the block and lane 0; undefined outside the vector loop, where all lanes are the same. */
  readonly first: number | undefined;
  /** Turns of the tile loop between the start of the tile and here; undefined outside tiles. */
  readonly row: number | undefined;
  readonly body: Values;
  readonly epilogue: Values;
  readonly accumulators: readonly Local<"v128">[];
}

/** The scope outside all loops. */
export function outermostScope(module: ModuleBuilder, f: FunctionBuilder): Scope {
  return {
    context: { module, f, count: 1 },
    first: undefined,
    row: undefined,
    body: [],
    epilogue: [],
    accumulators: [],
  };
}

/** A scope inside another: it knows the values computed so far, and adds its own. */
export function innerScope(scope: Scope, changes: Partial<Scope>): Scope {
  return { ...scope, body: [...scope.body], epilogue: [...scope.epilogue], ...changes };
}
