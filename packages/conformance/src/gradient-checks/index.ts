/** The gradient checks of every differentiable function of core. */

import type { GradientCheck } from "../gradients/gradient-check.ts";
import { elementwiseChecks } from "./elementwise.ts";
import { linearChecks } from "./linear.ts";
import { movementChecks } from "./movement.ts";
import { reductionChecks } from "./reduction.ts";

/** One check per function (or op object) that core exports, by its name. */
export const gradientChecks: readonly GradientCheck[] = [
  ...elementwiseChecks,
  ...movementChecks,
  ...reductionChecks,
  ...linearChecks,
];
