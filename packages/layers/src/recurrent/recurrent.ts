/**
 * What RNN, LSTM and GRU share: layers, directions, initial states, lengths and layout.
 *
 * The input's share of all gates is one matrix product over all time steps; only the product with the state is made step
 * by step. Parameters are fields with the names that PyTorch gives them: `weight_ih_l0`, `bias_hh_l1_reverse`.
 */
import {
  ArgumentError,
  add,
  concatenate,
  formatShape,
  iota,
  isFloat,
  less,
  matmul,
  narrow,
  type Param,
  reshape,
  ShapeError,
  sameShape,
  stack,
  type Tensor,
  transpose,
  zeros,
} from "@sconce/core";
import { checkCount } from "../check.ts";
import { Dropout } from "../dropout.ts";
import { Module } from "../module.ts";
import { type RecurrentCellOptions, recurrentUniform } from "./cell.ts";
import { unroll } from "./unroll.ts";

export interface RecurrentOptions extends RecurrentCellOptions {
  /** Layers on top of each other; 1 by default. */
  readonly layers?: number;
  /** Whether a second direction reads each sequence from its end; its outputs follow the first's on the last axis. */
  readonly bidirectional?: boolean;
  /** The probability of dropping an output between two layers, in training; 0 by default. */
  readonly dropout?: number;
  /** Whether x and the output are [N, T, C] and not [T, N, C]; states are [layers directions, N, hidden] in either case. */
  readonly batchFirst?: boolean;
}

/** What a step reads of one layer and direction. */
export interface DirectionWeights {
  readonly weightHH: Tensor;
  readonly biasHH: Tensor | undefined;
}

/** The base of `RNN`, `LSTM` and `GRU`. */
export abstract class Recurrent extends Module {
  /** The parameters of layer l: `weight_ih_l{l}`, `weight_hh_l{l}`, `bias_ih_l{l}`, `bias_hh_l{l}`, and each with `_reverse`. */
  readonly [parameter: `${"weight" | "bias"}_${"ih" | "hh"}_l${number}${"" | "_reverse"}`]: Param;
  readonly dropout: Dropout;
  readonly hidden: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly batchFirst: boolean;
  readonly #inputs: number;

  constructor(gates: number, inputs: number, hidden: number, options: RecurrentOptions) {
    super();
    const { layers = 1, bidirectional = false, dropout = 0, batchFirst = false, bias = true, initializer } = options;
    const name = this.constructor.name;
    this.#inputs = checkCount(name, "inputs", inputs);
    this.hidden = checkCount(name, "hidden", hidden);
    this.layers = checkCount(name, "layers", layers);
    this.bidirectional = bidirectional;
    this.batchFirst = batchFirst;
    if (dropout > 0 && layers === 1) {
      throw new ArgumentError(
        `${name}: dropout ${dropout} acts between layers, and there is one; give layers: 2 or more.`,
      );
    }
    this.dropout = new Dropout(dropout);
    const parameters = this as Record<string, unknown>;
    const rows = gates * hidden;
    const initial = initializer ?? recurrentUniform(hidden);
    for (const { suffix, layer } of this.#directions()) {
      const columns = layer === 0 ? inputs : hidden * (bidirectional ? 2 : 1);
      parameters[`weight_ih_${suffix}`] = this.newParam([rows, columns], initial);
      parameters[`weight_hh_${suffix}`] = this.newParam([rows, hidden], initial);
      if (!bias) continue;
      parameters[`bias_ih_${suffix}`] = this.newParam([rows], initial);
      parameters[`bias_hh_${suffix}`] = this.newParam([rows], initial);
    }
  }

  /** One step of one layer: the gates' shares of x [N, gates H] and the state's parts [N, H] to its next parts. */
  protected abstract step(shares: Tensor, state: readonly Tensor[], weights: DirectionWeights): readonly Tensor[];

  /** Whether the state's bias may be added to the input's share, for all steps at once. */
  protected get joinsBiases(): boolean {
    return true;
  }

  /** x: [T, N, inputs] through all layers, from the parts of a state [layers directions, N, H] to its last ones. */
  protected run(
    x: Tensor,
    initial: readonly (Tensor | undefined)[],
    lengths: Tensor | undefined,
  ): { output: Tensor; state: Tensor[] } {
    if (x.rank !== 3 || x.shape[2] !== this.#inputs || x.size === 0) {
      const layout = this.batchFirst ? "N, T" : "T, N";
      throw new ShapeError(
        `${this.constructor.name}: x has shape ${formatShape(x.shape)}; it must be [${layout}, ${this.#inputs}]. ` +
          "Add a batch axis with x.unsqueeze, or exchange the first two axes with the option batchFirst.",
      );
    }
    const sequence = this.batchFirst ? transpose(x, 0, 1) : x;
    const [steps, batch] = sequence.shape;
    const directions = this.#directions();
    const parts = initial.map((part) => this.#initialState(part, [directions.length, batch, this.hidden]));
    const running = lengths && this.#running(lengths, steps, batch);
    const states: (readonly Tensor[])[] = [];
    let y = sequence;
    for (let layer = 0; layer < this.layers; layer++) {
      if (layer > 0) y = this.dropout.forward(y);
      const outputs = directions
        .filter((direction) => direction.layer === layer)
        .map(({ suffix, reverse }) => {
          const start = parts.map((part) => reshape(narrow(part, 0, states.length, 1), [batch, this.hidden]));
          const { output, state } = this.#runDirection(y, suffix, start, reverse, running);
          states.push(state);
          return output;
        });
      y = concatenate(outputs, 2);
    }
    return {
      output: this.batchFirst ? transpose(y, 0, 1) : y,
      state: parts.map((_, k) => stack(states.map((state) => state[k]))),
    };
  }

  #runDirection(
    x: Tensor,
    suffix: Suffix,
    start: readonly Tensor[],
    reverse: boolean,
    running: Tensor | undefined,
  ): ReturnType<typeof unroll> {
    const product = matmul(x, this[`weight_ih_${suffix}`].value, { transposeB: true });
    const [biasIH, biasHH] = [this[`bias_ih_${suffix}`]?.value, this[`bias_hh_${suffix}`]?.value];
    const shares = [biasIH, this.joinsBiases ? biasHH : undefined].reduce<Tensor>(
      (sum, bias) => (bias ? add(sum, bias) : sum),
      product,
    );
    const weights = { weightHH: this[`weight_hh_${suffix}`].value, biasHH };
    return unroll(([share], state) => this.step(share, state, weights), [shares], start, { reverse, running });
  }

  /** Every layer and direction, in the order of the state's first axis. */
  #directions(): { layer: number; reverse: boolean; suffix: Suffix }[] {
    const each = this.bidirectional ? [false, true] : [false];
    return Array.from({ length: this.layers }, (_, layer) =>
      each.map((reverse) => ({ layer, reverse, suffix: `l${layer}${reverse ? "_reverse" : ""}` as Suffix })),
    ).flat();
  }

  #initialState(given: Tensor | undefined, shape: readonly number[]): Tensor {
    if (given && !sameShape(given.shape, shape)) {
      throw new ShapeError(
        `${this.constructor.name}: an initial state has shape ${formatShape(given.shape)}; it must be ${formatShape(shape)}, [layers directions, N, hidden].`,
      );
    }
    return given ?? zeros(shape);
  }

  /** bool [T, N]: whether step t lies within sequence n. */
  #running(lengths: Tensor, steps: number, batch: number): Tensor {
    if (lengths.rank !== 1 || lengths.size !== batch || isFloat(lengths.dtype)) {
      throw new ShapeError(
        `${this.constructor.name}: lengths are ${lengths.dtype} ${formatShape(lengths.shape)}; give one whole number per sequence, int32 [${batch}].`,
      );
    }
    return less(iota([steps, batch], 0), lengths);
  }
}

type Suffix = `l${number}${"" | "_reverse"}`;
