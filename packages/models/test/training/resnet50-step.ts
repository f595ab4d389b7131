/**
 * A ResNet-50 trained as tools/parity/training.py trains torchvision's, and how far it is from PyTorch.
 *
 * Of a gradient the golden file has the norm and its sums under vectors of random signs. With a difference d of the
 * gradients, the mean square of the differences of such sums is d's squared norm, but for chance.
 */
import { readFileSync } from "node:fs";
import {
  type Backend,
  compile,
  grad,
  RandomState,
  sizeOf,
  type Tensor,
  tensor,
  training,
  type Variable,
  withBackend,
} from "@sconce/core";
import { crossEntropy } from "@sconce/losses";
import { resnet50 } from "@sconce/models";
import { sgd } from "@sconce/optimizers";
import { hashes, imagesOf, uniform } from "../classification/golden-values.ts";

export interface GoldenTraining {
  readonly images: readonly number[];
  /** What the biases of the batch norms are about, up or down. */
  readonly offset: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly losses: readonly number[];
  /** By name: the norm, then the sum under each vector of signs. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

/** Relative distances from PyTorch's values. */
export interface Deviations {
  readonly losses: readonly number[];
  readonly gradients: ReadonlyMap<string, number>;
}

export function readGolden(name: string): GoldenTraining {
  return JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), "utf8"));
}

/** The first step with its gradients, and as many further ones as `steps` says. */
export function compareTraining(backend: Backend, golden: GoldenTraining, steps: number): Promise<Deviations> {
  return withBackend(backend, async () => {
    const model = resnet50({ numClasses: 10 });
    const state = [...model.namedVariables()].filter(([, variable]) => !(variable instanceof RandomState));
    model.loadStateDict(
      Object.fromEntries(state.map(([name, variable]) => [name, valueOf(name, variable, golden.offset)])),
    );
    const named = [...model.namedParameters()];
    const parameters = named.map(([, variable]) => variable);
    const { learningRate, momentum } = golden;
    const optimizer = sgd(parameters, { learningRate, momentum });
    const x = imagesOf(golden.images);
    const y = tensor(Int32Array.from({ length: golden.images[0] }, (_, i) => (i * 3) % 10));
    const loss = (x: Tensor, y: Tensor): Tensor => crossEntropy(model.forward(x), y);
    const first = compile((x: Tensor, y: Tensor) =>
      training(() => {
        const value = loss(x, y);
        const gradients = grad(value, parameters);
        optimizer.update(gradients);
        return [value, ...gradients];
      }),
    );
    const next = compile((x: Tensor, y: Tensor) =>
      training(() => {
        const value = loss(x, y);
        optimizer.update(grad(value, parameters));
        return value;
      }),
    );
    const [value, ...found] = await first(x, y);
    const losses = [await value.item()];
    const gradients = new Map<string, number>();
    for (const [i, [name]] of named.entries()) {
      gradients.set(name, distance(name, (await found[i].data()) as Float32Array, golden.gradients[name]));
    }
    for (let step = 1; step < steps; step++) losses.push(await (await next(x, y)).item());
    return { losses: losses.map((loss, i) => Math.abs(loss / golden.losses[i] - 1)), gradients };
  });
}

/** About the norm of the difference of two gradients, over PyTorch's norm. */
function distance(name: string, gradient: Float32Array, [norm, ...expected]: readonly number[]): number {
  const sums = new Float64Array(expected.length);
  let i = 0;
  for (const hash of hashes(`signs ${name}`, gradient.length)) {
    const value = gradient[i++];
    for (let vector = 0; vector < sums.length; vector++) sums[vector] += (hash << vector) & (1 << 31) ? -value : value;
  }
  return Math.hypot(...expected.map((sum, vector) => sums[vector] - sum)) / Math.sqrt(expected.length) / norm;
}

/** The value that tools/parity/training.py gives a variable. */
function valueOf(name: string, { shape, dtype }: Variable, offset: number): Tensor {
  if (name.endsWith("num_batches_tracked")) return tensor(new Int32Array(1), { shape, dtype });
  const size = sizeOf(shape);
  const bound = Math.sqrt(6 / sizeOf(shape.slice(1)));
  const scale = name.includes(".bn3.") ? 0.25 : 1;
  // What is added up in a stage has the same signs.
  const signs = uniform(/\.bn3\.|downsample/.test(name) ? name.slice(0, 6) : name, size, Math.sign);
  const map = (u: number, i: number): number => {
    if (shape.length > 1) return u * bound;
    if (name.endsWith("running_var")) return 1 + u / 2;
    if (/(running_mean|fc\.bias)$/.test(name)) return u / 8;
    return scale * (name.endsWith("weight") ? 1 + u / 4 : u / 8 + (signs[i] < 0 ? -offset : offset));
  };
  return tensor(uniform(name, size, map), { shape, dtype });
}
