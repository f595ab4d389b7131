/** The check of gradients that stand for parameters by their order. */
import { ArgumentError, formatShape, type Param, ShapeError, sameShape, Tensor } from "@sconce/core";

/** Refuses gradients that do not match the parameters one by one; `right` shows the call that is right. */
export function checkGradients(
  call: string,
  parameters: readonly Param[],
  gradients: readonly Tensor[],
  right: string,
): void {
  const advice = `Give them in the order of the parameters: ${right}.`;
  if (!Array.isArray(gradients) || gradients.length !== parameters.length) {
    const given = Array.isArray(gradients) ? `${gradients.length} gradients` : "no list of gradients";
    throw new ArgumentError(`${call}: ${given} for ${parameters.length} parameters. ${advice}`);
  }
  parameters.forEach((param, i) => {
    if (gradients[i] instanceof Tensor && sameShape(gradients[i].shape, param.shape)) return;
    const given = gradients[i] instanceof Tensor ? `shape ${formatShape(gradients[i].shape)}` : String(gradients[i]);
    throw new ShapeError(`${call}: gradient ${i} is ${given} for ${param}. ${advice}`);
  });
}
