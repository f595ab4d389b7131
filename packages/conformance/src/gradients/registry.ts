/** The gradient checks of every differentiable function of core. */
import { elementwiseChecks } from "./checks/elementwise.ts";
import { linearChecks } from "./checks/linear.ts";
import { movementChecks } from "./checks/movement.ts";
import { reductionChecks } from "./checks/reduction.ts";
import type { GradientCheck } from "./gradient-check.ts";

/** One check per function (or op object) that core exports, by its name. */
export const gradientChecks: readonly GradientCheck[] = [
  ...elementwiseChecks,
  ...movementChecks,
  ...reductionChecks,
  ...linearChecks,
];
