/** What the cells of all recurrent layers share: weights with PyTorch's names and initial values, and checks. */
import { add, formatShape, matmul, type Param, ShapeError, type Tensor, zeros } from "@sconce/core";
import { checkCount } from "../check.ts";
import { type Initializer, uniform } from "../initializers.ts";
import { Module } from "../module.ts";

export interface RecurrentCellOptions {
  /** Whether biases are added; true by default. */
  readonly bias?: boolean;
  /** Makes every weight and bias; uniform within 1 / sqrt(hidden) by default, as in PyTorch. */
  readonly initializer?: Initializer;
}

/** The default initial values of everything recurrent: uniform within 1 / sqrt(hidden). */
export function recurrentUniform(hidden: number): Initializer {
  return uniform(-1 / Math.sqrt(hidden), 1 / Math.sqrt(hidden));
}

/** The base of `RNNCell`, `LSTMCell` and `GRUCell`: one step of one layer. */
export abstract class RecurrentCell extends Module {
  /** [gates hidden, inputs]. */
  readonly weightIH: Param;
  /** [gates hidden, hidden]. */
  readonly weightHH: Param;
  /** [gates hidden]. */
  readonly biasIH: Param | undefined;
  /** [gates hidden]. */
  readonly biasHH: Param | undefined;
  readonly #hidden: number;

  constructor(gates: number, inputs: number, hidden: number, { bias = true, initializer }: RecurrentCellOptions) {
    super();
    checkCount(this.constructor.name, "inputs", inputs);
    const rows = gates * checkCount(this.constructor.name, "hidden", hidden);
    const initial = initializer ?? recurrentUniform(hidden);
    this.weightIH = this.newParam([rows, inputs], initial);
    this.weightHH = this.newParam([rows, hidden], initial);
    if (bias) {
      this.biasIH = this.newParam([rows], initial);
      this.biasHH = this.newParam([rows], initial);
    }
    this.#hidden = hidden;
  }

  /** The input's share of the gates: x W^T plus the given biases. */
  protected project(x: Tensor, ...biases: (Param | undefined)[]): Tensor {
    const [, inputs] = this.weightIH.shape;
    if (x.rank !== 2 || x.shape[1] !== inputs) {
      throw new ShapeError(
        `${this.constructor.name}: x has shape ${formatShape(x.shape)}; it must be [N, ${inputs}], one step of each sequence. ` +
          "Take a step of x [T, N, C] with slice(x, [t]), or use the layer over whole sequences.",
      );
    }
    const product = matmul(x, this.weightIH.value, { transposeB: true });
    return biases.reduce((sum, bias) => (bias ? add(sum, bias.value) : sum), product);
  }

  /** The given state, or zeros: [N, hidden]. */
  protected state(name: string, x: Tensor, given: Tensor | undefined): Tensor {
    const shape = [x.shape[0], this.#hidden];
    if (given && (given.rank !== 2 || given.shape[0] !== shape[0] || given.shape[1] !== shape[1])) {
      throw new ShapeError(
        `${this.constructor.name}: the ${name} state has shape ${formatShape(given.shape)}; for x ${formatShape(x.shape)} it must be ${formatShape(shape)}.`,
      );
    }
    return given ?? zeros(shape);
  }
}
