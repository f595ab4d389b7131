/** A linear map with an optional bias: y = x W^T + b. */
import { add, formatShape, matmul, type Param, ShapeError, type Tensor } from "@sconce/core";
import { checkCount } from "./check.ts";
import { defaultBias, defaultWeight, type Initializer } from "./initializers.ts";
import { Module } from "./module.ts";

export interface LinearOptions {
  /** Whether a bias is added; true by default. */
  readonly bias?: boolean;
  readonly weightInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/** x: [..., inputs] to [..., outputs]. */
export class Linear extends Module {
  /** [outputs, inputs]. */
  readonly weight: Param;
  /** [outputs]. */
  readonly bias: Param | undefined;

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super();
    const shape = [checkCount("Linear", "outputs", outputs), checkCount("Linear", "inputs", inputs)];
    this.weight = this.newParam(shape, options.weightInitializer ?? defaultWeight);
    if (options.bias ?? true) this.bias = this.newParam([outputs], options.biasInitializer ?? defaultBias(shape));
  }

  override forward(x: Tensor): Tensor {
    const [, inputs] = this.weight.shape;
    if (x.rank === 0 || x.shape[x.rank - 1] !== inputs) {
      throw new ShapeError(
        `Linear: x has shape ${formatShape(x.shape)}; its last axis must have the ${inputs} inputs of ${this.weight}. ` +
          "Flatten feature maps first with x.flatten(1), or change the layer's first argument.",
      );
    }
    const y = matmul(x, this.weight.value, { transposeB: true });
    return this.bias ? add(y, this.bias.value) : y;
  }
}
