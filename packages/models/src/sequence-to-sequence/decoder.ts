/**
 * What all decoders share: a GRU cell that starts from the context, and the loop over the target's steps.
 *
 * A step is given the token before it. Teacher forcing (Williams and Zipser 1989) gives the target's; free running gives
 * what the decoder itself found most probable; a ratio between draws one or the other for each token (scheduled sampling,
 * Bengio et al. 2015). The choice of a token passes no gradient.
 */
import {
  argmax,
  cast,
  formatShape,
  full,
  type RandomState,
  randomUniform,
  ShapeError,
  stack,
  type Tensor,
  tanh,
  where,
} from "@sconce/core";
import { GRUCell, Linear, Module } from "@sconce/layers";
import type { Encoded } from "./encoder.ts";

/** What one step gives for N sequences. */
export interface DecoderStep {
  /** [N, vocabulary]. */
  readonly logits: Tensor;
  /** [N, hidden]. */
  readonly state: Tensor;
  /** How much the step took of each source step, [N, S]; attention only. */
  readonly weights?: Tensor;
}

/** What a decoder gives for T steps. */
export interface Decoded {
  /** [T, N, vocabulary]. */
  readonly logits: Tensor;
  /** The most probable tokens, int32 [T, N]. */
  readonly tokens: Tensor;
  /** [T, N, S]; attention only. */
  readonly weights?: Tensor;
}

export interface DecodeOptions {
  /** The token before the first; 0 by default. */
  readonly start?: number;
  /** The target, int32 [T, N], or the number of steps to run freely. */
  readonly target: Tensor | number;
  /** How often a step is given the target's token, from 0 to 1 (the default). A value that changes must be a tensor []. */
  readonly teacherForcing?: number | Tensor;
}

/** The base of the four decoders. */
export abstract class Decoder extends Module {
  /** From the context to the first state. */
  readonly bridge: Linear;
  readonly cell: GRUCell;
  /** From the state, and what a decoder puts beside it, to logits. */
  readonly output: Linear;
  readonly generator: RandomState;
  readonly vocabulary: number;

  constructor(vocabulary: number, inputs: number, hidden: number, context: number, besideState = 0) {
    super();
    this.bridge = new Linear(context, hidden);
    this.cell = new GRUCell(inputs, hidden);
    this.output = new Linear(hidden + besideState, vocabulary);
    this.generator = this.newRandomState();
    this.vocabulary = vocabulary;
  }

  /** The first state, [N, hidden]: tanh(W context + b). */
  start(encoded: Encoded): Tensor {
    return tanh(this.bridge.forward(encoded.context));
  }

  /** One step from the tokens before it, int32 [N], and the state [N, hidden]. */
  abstract step(tokens: Tensor, state: Tensor, encoded: Encoded): DecoderStep;

  override forward(encoded: Encoded, { start = 0, target, teacherForcing = 1 }: DecodeOptions): Decoded {
    const [batch] = encoded.context.shape;
    if (typeof target !== "number" && (target.rank !== 2 || target.shape[1] !== batch)) {
      throw new ShapeError(
        `${this.constructor.name}: the target has shape ${formatShape(target.shape)}; it must be [T, ${batch}], one column per source sequence.`,
      );
    }
    const given = typeof target === "number" ? undefined : target.split(target.shape[0]).map((row) => row.squeeze(0));
    const steps = given?.length ?? (target as number);
    const draws =
      typeof teacherForcing === "number" && (teacherForcing >= 1 || teacherForcing <= 0)
        ? undefined
        : randomUniform([steps, batch], { generator: this.generator });
    const results: DecoderStep[] = [];
    const chosen: Tensor[] = [];
    let state = this.start(encoded);
    let before = full([batch], start, "int32");
    for (let t = 0; t < steps; t++) {
      const result = this.step(before, state, encoded);
      results.push(result);
      state = result.state;
      const own = cast(argmax(result.logits, { axis: 1 }), "int32");
      chosen.push(own);
      if (!given) before = own;
      else if (draws) before = where(draws.slice([t]).less(teacherForcing), cast(given[t], "int32"), own);
      else before = teacherForcing === 1 ? cast(given[t], "int32") : own;
    }
    const weights = results.flatMap((result) => result.weights ?? []);
    return {
      logits: stack(results.map(({ logits }) => logits)),
      tokens: stack(chosen),
      ...(weights.length > 0 && { weights: stack(weights) }),
    };
  }
}
