/** What the registry of gradient checks is made of. */
import type { HostArray, Tensor } from "@sconce/core";
import type { Random } from "../random.ts";
import type { DifferentiableFunction } from "./check-gradients.ts";

/** A function and a place at which its derivatives exist. */
export interface GradientSample {
  readonly fn: DifferentiableFunction;
  readonly inputs: readonly HostArray[];
  /** 1 where the second derivative does not exist or is not promised. */
  readonly order?: 1 | 2;
}

/** The gradient check of one function of core, by the function's name. */
export interface GradientCheck {
  readonly name: string;
  /** Places drawn anew for each generator. */
  samples(random: Random): readonly GradientSample[];
}

/** A sample; the function takes as many tensors as there are inputs. */
export function at(fn: (...inputs: Tensor[]) => Tensor, ...inputs: readonly HostArray[]): GradientSample {
  return { fn, inputs };
}

/** A sample whose second derivatives are left out. */
export function onceAt(fn: (...inputs: Tensor[]) => Tensor, ...inputs: readonly HostArray[]): GradientSample {
  return { fn, inputs, order: 1 };
}

export function check(name: string, samples: (random: Random) => readonly GradientSample[]): GradientCheck {
  return { name, samples };
}
