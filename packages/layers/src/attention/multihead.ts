/**
 * Multi-head attention (Vaswani et al. 2017) with PyTorch's parameters.
 *
 * Queries, keys and values are projected, cut into heads, attended to with scaled dot products head by head, put side by
 * side again and projected: output = W_o [head_1; ...] + b_o, head_i = attention(W_q_i Q, W_k_i K, W_v_i V).
 */
import {
  ArgumentError,
  add,
  formatShape,
  logicalAnd,
  logicalNot,
  matmul,
  mean,
  narrow,
  type Param,
  permute,
  reshape,
  ShapeError,
  type Tensor,
  unsqueeze,
  where,
} from "@sconce/core";
import { checkCount } from "../check.ts";
import { Dropout } from "../dropout.ts";
import { constant, xavierUniform } from "../initializers.ts";
import { Linear } from "../linear.ts";
import { Module } from "../module.ts";
import type { Attended } from "./attend.ts";
import { dotProductAttention } from "./dot-product.ts";

export interface MultiheadAttentionOptions {
  /** The probability of dropping a weight, in training; 0 by default. */
  readonly dropout?: number;
  /** Whether biases are added; true by default. */
  readonly bias?: boolean;
  /** The width of keys; that of queries by default. */
  readonly keyWidth?: number;
  /** The width of values; that of queries by default. */
  readonly valueWidth?: number;
  /** Whether inputs and output are [N, L, width] and not [L, N, width]. */
  readonly batchFirst?: boolean;
}

/** As in PyTorch, and unlike in `scaledDotProductAttention`, true in a bool mask leaves a key out. */
export interface MultiheadForwardOptions {
  /** bool [N, S], true for keys that are padding; or float, added to their scores. */
  readonly keyPaddingMask?: Tensor;
  /** [L, S] or [N heads, L, S]: bool, true where a query may not look at a key; or float, added to the scores. */
  readonly attentionMask?: Tensor;
  /** Whether query l may look at keys 0 to l only. */
  readonly causal?: boolean;
  /** Whether the weights are the mean over heads [N, L, S], the default, and not each head's [N, heads, L, S]. */
  readonly averageWeights?: boolean;
}

/** query: [L, N, width], key: [S, N, keyWidth], value: [S, N, valueWidth] to an output [L, N, width] and weights. */
export class MultiheadAttention extends Module {
  /** [3 width, width]: for queries, keys and values, where all have one width. */
  readonly inProjWeight: Param | undefined;
  /** [width, width], where the widths differ; so are the next two. */
  readonly qProjWeight: Param | undefined;
  /** [width, keyWidth]. */
  readonly kProjWeight: Param | undefined;
  /** [width, valueWidth]. */
  readonly vProjWeight: Param | undefined;
  /** [3 width]. */
  readonly inProjBias: Param | undefined;
  readonly outProj: Linear;
  readonly dropout: Dropout;
  readonly width: number;
  readonly heads: number;
  readonly batchFirst: boolean;
  readonly #widths: readonly number[];

  constructor(width: number, heads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const { dropout = 0, bias = true, keyWidth = width, valueWidth = width, batchFirst = false } = options;
    this.width = checkCount("MultiheadAttention", "width", width);
    this.heads = checkCount("MultiheadAttention", "heads", heads);
    if (width % heads !== 0) {
      throw new ArgumentError(
        `MultiheadAttention: width ${width} does not divide into ${heads} heads; give a divisor of it.`,
      );
    }
    this.#widths = [
      width,
      checkCount("MultiheadAttention", "keyWidth", keyWidth),
      checkCount("MultiheadAttention", "valueWidth", valueWidth),
    ];
    if (this.#widths.every((other) => other === width)) {
      this.inProjWeight = this.newParam([3 * width, width], xavierUniform());
    } else {
      this.qProjWeight = this.newParam([width, width], xavierUniform());
      this.kProjWeight = this.newParam([width, keyWidth], xavierUniform());
      this.vProjWeight = this.newParam([width, valueWidth], xavierUniform());
    }
    if (bias) this.inProjBias = this.newParam([3 * width], constant(0));
    this.outProj = new Linear(width, width, { bias, biasInitializer: constant(0) });
    this.dropout = new Dropout(dropout);
    this.batchFirst = batchFirst;
  }

  /** Without a key the query attends to itself; without a value, keys are the values. */
  override forward(
    query: Tensor,
    key: Tensor = query,
    value: Tensor = key,
    options: MultiheadForwardOptions = {},
  ): Attended {
    [query, key, value].forEach((x, i) => {
      this.#check(["query", "key", "value"][i], x, this.#widths[i]);
    });
    const [q, k, v] = this.#project(query, key, value).map((x) => this.#split(x));
    const masks = { mask: this.#mask(options, k.shape), causal: options.causal, dropout: this.dropout };
    const { output, weights } = dotProductAttention(q, k, v, masks);
    const [batch, , length] = q.shape;
    const joined = permute(output, this.batchFirst ? [0, 2, 1, 3] : [2, 0, 1, 3]);
    const shape = this.batchFirst ? [batch, length, this.width] : [length, batch, this.width];
    const averaged = options.averageWeights ?? true;
    return {
      output: this.outProj.forward(reshape(joined, shape)),
      weights: averaged ? mean(weights, { axes: 1 }) : weights,
    };
  }

  /** Queries, keys and values of width `width`; neighbours that are one tensor are projected by one product. */
  #project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const { width } = this;
    const inputs = [query, key, value];
    const separate = [this.qProjWeight, this.kProjWeight, this.vProjWeight];
    const projected: Tensor[] = [];
    while (projected.length < 3) {
      const first = projected.length;
      let count = 1;
      while (this.inProjWeight && inputs[first + count] === inputs[first]) count++;
      const weight = this.inProjWeight
        ? narrow(this.inProjWeight.value, 0, first * width, count * width)
        : (separate[first] as Param).value;
      const product = matmul(inputs[first], weight, { transposeB: true });
      const bias = this.inProjBias && narrow(this.inProjBias.value, 0, first * width, count * width);
      const sum = bias ? add(product, bias) : product;
      for (let i = 0; i < count; i++) projected.push(narrow(sum, 2, i * width, width));
    }
    return projected;
  }

  /** To [N, heads, L, width / heads]. */
  #split(x: Tensor): Tensor {
    const parts = reshape(x, [x.shape[0], x.shape[1], this.heads, this.width / this.heads]);
    return permute(parts, this.batchFirst ? [0, 2, 1, 3] : [1, 2, 0, 3]);
  }

  /** Both masks as one for `attend`, which is true where a key may be looked at, or is added. */
  #mask({ keyPaddingMask, attentionMask }: MultiheadForwardOptions, keys: readonly number[]): Tensor | undefined {
    const [batch, , length] = keys;
    if (
      keyPaddingMask &&
      (keyPaddingMask.rank !== 2 || keyPaddingMask.shape[0] !== batch || keyPaddingMask.shape[1] !== length)
    ) {
      throw new ShapeError(
        `MultiheadAttention: keyPaddingMask has shape ${formatShape(keyPaddingMask.shape)}; it must be [${batch}, ${length}], [N, S].`,
      );
    }
    const padding = keyPaddingMask && unsqueeze(unsqueeze(keyPaddingMask, 1), 1);
    const attention =
      attentionMask?.rank === 3
        ? reshape(attentionMask, [batch, this.heads, ...attentionMask.shape.slice(1)])
        : attentionMask;
    const masks = [padding, attention].filter((mask) => mask !== undefined);
    if (masks.length === 0) return undefined;
    if (masks.every(({ dtype }) => dtype === "bool")) return masks.map(logicalNot).reduce((a, b) => logicalAnd(a, b));
    return masks
      .map((mask) => (mask.dtype === "bool" ? where(mask, Number.NEGATIVE_INFINITY, 0) : mask))
      .reduce((a, b) => add(a, b));
  }

  #check(name: string, x: Tensor, width: number): void {
    if (x.rank === 3 && x.shape[2] === width) return;
    throw new ShapeError(
      `MultiheadAttention: the ${name} has shape ${formatShape(x.shape)}; it must be [${this.batchFirst ? "N, L" : "L, N"}, ${width}]. ` +
        "Add a batch axis with unsqueeze, or set keyWidth and valueWidth.",
    );
  }
}
