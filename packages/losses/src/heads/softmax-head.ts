/** The plain classifier beside which the margin heads stand: cross entropy of x W^T + b. */
import { add, matmul, type Param, type Tensor } from "@sconce/core";
import { constant } from "@sconce/layers";
import { Head, type HeadOptions } from "./head.ts";

export interface SoftmaxHeadOptions extends HeadOptions {
  /** Whether a bias is added; true by default. */
  readonly bias?: boolean;
}

/**
 * A linear classifier with its cross entropy; see `Head` for the shapes:
 * `const head = new SoftmaxHead(128, 10); const loss = head.forward(features, labels);`
 */
export class SoftmaxHead extends Head {
  /** [classes]. */
  readonly bias: Param | undefined;

  constructor(features: number, classes: number, options: SoftmaxHeadOptions = {}) {
    super(features, classes, options);
    if (options.bias ?? true) this.bias = this.newParam([classes], constant(0));
  }

  protected override scores(features: Tensor): Tensor {
    const scores = matmul(features, this.weight.value, { transposeB: true });
    return this.bias ? add(scores, this.bias.value) : scores;
  }

  protected override marginLogits(features: Tensor): Tensor {
    return this.scores(features);
  }
}
