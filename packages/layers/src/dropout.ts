/**
 * Dropout: in training mode random parts of x are dropped, and the rest is scaled so that inference, where nothing is
 * dropped, needs no factor.
 */
import {
  ArgumentError,
  add,
  formatShape,
  isTraining,
  multiply,
  type RandomState,
  randomBernoulli,
  type Shape,
  ShapeError,
  type Tensor,
  where,
  zerosLike,
} from "@sconce/core";
import { checkProbability } from "./check.ts";
import { Module } from "./module.ts";

/** What the dropouts share. Each call, and each replay of a compiled function, drops other parts. */
abstract class RandomDrop extends Module {
  readonly probability: number;
  readonly generator: RandomState;

  constructor(layer: string, probability: number) {
    super();
    this.probability = checkProbability(layer, probability);
    this.generator = this.newRandomState();
  }

  override forward(x: Tensor): Tensor {
    if (!isTraining() || this.probability === 0) return x;
    return this.drop(x);
  }

  protected abstract drop(x: Tensor): Tensor;

  /** True with probability 1 - p. */
  protected kept(shape: Shape): Tensor {
    return randomBernoulli(shape, 1 - this.probability, { generator: this.generator });
  }

  /** x / (1 - p) where a mask of `shape`, repeated over x, keeps it, and 0 elsewhere. */
  protected keepScaled(x: Tensor, shape: Shape): Tensor {
    if (this.probability === 1) return zerosLike(x);
    return where(this.kept(shape), multiply(x, 1 / (1 - this.probability)), 0);
  }
}

/** Drops each element with probability p (Srivastava et al. 2014); x: any shape. */
export class Dropout extends RandomDrop {
  constructor(probability = 0.5) {
    super("Dropout", probability);
  }

  protected override drop(x: Tensor): Tensor {
    return this.keepScaled(x, x.shape);
  }
}

/** Drops whole channels with probability p, since neighbouring elements of one are alike (Tompson et al. 2015); x: [N, C, H, W]. */
export class Dropout2d extends RandomDrop {
  constructor(probability = 0.5) {
    super("Dropout2d", probability);
  }

  protected override drop(x: Tensor): Tensor {
    if (x.rank !== 4) {
      throw new ShapeError(
        `Dropout2d: x has shape ${formatShape(x.shape)}; it must be [N, C, H, W]. Use Dropout for other shapes.`,
      );
    }
    return this.keepScaled(x, [x.shape[0], x.shape[1], 1, 1]);
  }
}

/** Stochastic depth: drops whole examples with probability p (Huang et al. 2016); x: [N, ...], the branch of a residual block. */
export class DropPath extends RandomDrop {
  constructor(probability = 0) {
    super("DropPath", probability);
  }

  protected override drop(x: Tensor): Tensor {
    if (x.rank === 0) throw new ShapeError("DropPath: x has no axes; it must be [N, ...].");
    return this.keepScaled(
      x,
      x.shape.map((extent, axis) => (axis === 0 ? extent : 1)),
    );
  }
}

/** What SELU tends to for large negative x. */
const seluLimit = -1.7580993408473766;

/**
 * Dropout for SELU (Klambauer et al. 2017): dropped elements become SELU's limit s instead of 0, and everything is mapped
 * by a y + b with a = ((1 - p) (1 + p s^2))^(-1/2) and b = -a p s, so that mean 0 and variance 1 stay; x: any shape.
 */
export class AlphaDropout extends RandomDrop {
  constructor(probability = 0.5) {
    super("AlphaDropout", probability);
    if (probability === 1)
      throw new ArgumentError("AlphaDropout: the probability is 1, which leaves nothing to scale; give less.");
  }

  protected override drop(x: Tensor): Tensor {
    const p = this.probability;
    const scale = 1 / Math.sqrt((1 - p) * (1 + p * seluLimit ** 2));
    return add(multiply(where(this.kept(x.shape), x, seluLimit), scale), -scale * p * seluLimit);
  }
}
