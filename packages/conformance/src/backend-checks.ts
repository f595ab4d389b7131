/** Every check of a backend, by group. */
import { castChecks } from "./backend/cast-checks.ts";
import { memoryChecks } from "./backend/memory-checks.ts";
import { operatorChecks } from "./backend/operator-checks.ts";
import { orderingChecks } from "./backend/ordering-checks.ts";
import { zeroChecks } from "./backend/zero-checks.ts";
import type { BackendCheck } from "./check.ts";
import { nestChecks } from "./nests/nest-checks.ts";
import { claimChecks } from "./programs/claim-checks.ts";
import { graphChecks } from "./programs/graph-checks.ts";
import { replayChecks } from "./programs/replay-checks.ts";
import { rollbackChecks } from "./programs/rollback-checks.ts";
import { stateChecks } from "./programs/state-checks.ts";
import { trainingChecks } from "./programs/training-checks.ts";

/** The checks that `describeBackend` registers. */
export const backendChecks: Readonly<Record<string, readonly BackendCheck[]>> = {
  memory: memoryChecks,
  ordering: orderingChecks,
  operators: operatorChecks,
  zeros: zeroChecks,
  casts: castChecks,
  "loop nests": nestChecks,
  claims: claimChecks,
  programs: [...replayChecks, ...graphChecks],
  state: [...stateChecks, ...rollbackChecks],
  training: trainingChecks,
};
