/** A bilinear map of two inputs: y[o] = x1^T W[o] x2 + b[o]. */
import {
  add,
  formatShape,
  matmul,
  multiply,
  type Param,
  reshape,
  ShapeError,
  sameShape,
  sum,
  type Tensor,
  unsqueeze,
} from "@sconce/core";
import { checkCount } from "./check.ts";
import { uniform } from "./initializers.ts";
import type { LinearOptions } from "./linear.ts";
import { Module } from "./module.ts";

/** x1: [..., inputs1] and x2: [..., inputs2] to [..., outputs]; initial values are uniform within 1 / sqrt(inputs1). */
export class Bilinear extends Module {
  /** [outputs, inputs1, inputs2]. */
  readonly weight: Param;
  /** [outputs]. */
  readonly bias: Param | undefined;

  constructor(inputs1: number, inputs2: number, outputs: number, options: LinearOptions = {}) {
    super();
    const shape = [
      checkCount("Bilinear", "outputs", outputs),
      checkCount("Bilinear", "inputs1", inputs1),
      checkCount("Bilinear", "inputs2", inputs2),
    ];
    const initial = uniform(-1 / Math.sqrt(inputs1), 1 / Math.sqrt(inputs1));
    this.weight = this.newParam(shape, options.weightInitializer ?? initial);
    if (options.bias ?? true) this.bias = this.newParam([outputs], options.biasInitializer ?? initial);
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    const [outputs, inputs1, inputs2] = this.weight.shape;
    const lead = x1.shape.slice(0, -1);
    if (x1.shape.at(-1) !== inputs1 || x2.shape.at(-1) !== inputs2 || !sameShape(lead, x2.shape.slice(0, -1))) {
      throw new ShapeError(
        `Bilinear: x1 has shape ${formatShape(x1.shape)} and x2 ${formatShape(x2.shape)}; for ${this.weight} they must be [..., ${inputs1}] and [..., ${inputs2}] with equal first axes.`,
      );
    }
    const right = matmul(x2, reshape(this.weight.value, [outputs * inputs1, inputs2]), { transposeB: true });
    const y = sum(multiply(reshape(right, [...lead, outputs, inputs1]), unsqueeze(x1, -2)), { axes: -1 });
    return this.bias ? add(y, this.bias.value) : y;
  }
}
