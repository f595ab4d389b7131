/**
 * `checkGradients`: whether the gradients of a function are its derivatives, in float64.
 *
 * At each sample, with random cotangents c and directions u and v:
 * - the value computed together with gradients is the value alone;
 * - the Jacobian-vector product J u (the gradient of <vjp(c), u> by c) is the derivative along u, and <c, J u> = <vjp(c), u>;
 * - every coordinate of vjp(c) is the derivative of <c, f> by that coordinate;
 * - every coordinate of the gradient of <vjp(c), v> is the derivative of <vjp(c), v>: the second order.
 */
import {
  apply,
  type Backend,
  type Compiled,
  compile,
  fromHost,
  grad,
  type HostArray,
  multiply,
  type OpDefinition,
  sum,
  type Tensor,
  vjp,
  withBackend,
} from "@sconce/core";
import { expectClose, scaleOf } from "../compare.ts";
import { Random } from "../random.ts";
import { along, derivative, dot, moved, type Values } from "./finite-differences.ts";

/** A function of tensors to differentiate. Inputs that are not float64 are passed on, but not differentiated. */
export type DifferentiableFunction = (...inputs: Tensor[]) => Tensor;

export interface CheckGradientsOptions<Attributes = unknown> {
  /** Where to compute; the default backend otherwise. It must have float64. */
  readonly backend?: Backend;
  /** Of the op, when the subject is one. */
  readonly attributes?: Attributes;
  /** 2 by default; 1 leaves the second derivatives out. */
  readonly order?: 1 | 2;
}

const firstTolerance = 1e-6;
const secondTolerance = 1e-4;

/** Throws where the gradients of `subject` (a function, or an op) are wrong at one of the samples. */
export async function checkGradients<Attributes>(
  subject: DifferentiableFunction | OpDefinition<Attributes>,
  samples: readonly (readonly HostArray[])[],
  { backend, attributes, order = 2 }: CheckGradientsOptions<Attributes> = {},
): Promise<void> {
  const fn: DifferentiableFunction =
    typeof subject === "function" ? subject : (...inputs) => apply(subject, inputs, attributes as Attributes);
  const run = async (): Promise<void> => {
    for (const [number, sample] of samples.entries()) {
      await new SampleCheck(fn, sample, number).run(order);
    }
  };
  await (backend ? withBackend(backend, run) : run());
}

type Step = Compiled<[{ x: Tensor[]; c: Tensor; u: Tensor[]; v: Tensor[] }], Tensor[]>;

/** The check of one sample. */
class SampleCheck {
  readonly #fn: DifferentiableFunction;
  readonly #inputs: readonly HostArray[];
  readonly #number: number;
  readonly #random: Random;
  #constants!: { readonly c: HostArray; readonly u: readonly HostArray[]; readonly v: readonly HostArray[] };

  constructor(fn: DifferentiableFunction, inputs: readonly HostArray[], number: number) {
    this.#fn = fn;
    this.#inputs = inputs;
    this.#number = number;
    this.#random = new Random(number + 1);
  }

  get #floats(): readonly HostArray[] {
    return this.#inputs.filter(({ dtype }) => dtype === "float64");
  }

  async run(order: 1 | 2): Promise<void> {
    const { y, signature } = await this.#alone();
    const like = ({ shape }: { readonly shape: readonly number[] }): HostArray => this.#dyadic(shape);
    this.#constants = { c: like(signature), u: this.#floats.map(like), v: this.#floats.map(like) };
    const { c, u, v } = this.#constants;

    const count = this.#floats.length;
    const together = this.#compile((x, f, given) => [f, ...vjp(f, x, given.c)]);
    const withGradients = await this.#evaluate(together);
    const [f, gradients] = [withGradients[0], withGradients.slice(1)];
    this.#expect("the value computed with gradients", f, y, 1e-12 * scaleOf(y));

    const products = this.#compile((x, f, given) => {
      const along = (directions: Tensor[]): Tensor => inner(vjp(f, x, given.c), directions);
      return [grad(along(given.u), given.c), ...(order === 2 ? grad(along(given.v), x) : [])];
    });
    const [jvp, ...second] = await this.#evaluate(products);
    const numericJvp = (
      await derivative((t) =>
        this.#evaluate(
          together,
          along(
            this.#floats,
            u.map(({ data }) => data),
            t,
          ),
        ),
      )
    )[0];
    this.#expectScaled("the Jacobian-vector product", jvp, numericJvp, firstTolerance, scaleOf(y));
    const [left, right] = [dot(c.data, jvp), gradients.reduce((total, g, i) => total + dot(g, u[i].data), 0)];
    const size = scaleOf(gradients.flatMap((g) => Array.from(g))) + scaleOf(jvp);
    this.#expect("<c, J u> against <vjp(c), u>", [left], [right], 1e-10 * (size + 1e-6) * (y.length + 1));

    const reach = dot(c.data.map(Math.abs), y.map(Math.abs));
    for (let which = 0; which < count; which++) {
      const length = this.#floats[which].data.length;
      const [first, curvature] = [new Float64Array(length), new Float64Array(length)];
      for (let i = 0; i < length; i++) {
        const slopes = await derivative(async (t) => {
          const [value, ...rest] = await this.#evaluate(together, moved(this.#floats, which, i, t));
          return [[dot(value, c.data), rest.reduce((total, g, k) => total + dot(g, v[k].data), 0)]];
        });
        [first[i], curvature[i]] = slopes[0];
      }
      this.#expectScaled(`the gradient by input ${which}`, gradients[which], first, firstTolerance, reach);
      if (order === 2) {
        const scale = gradients.reduce((total, g, k) => total + dot(g.map(Math.abs), v[k].data.map(Math.abs)), 0);
        this.#expectScaled(`the second derivative by input ${which}`, second[which], curvature, secondTolerance, scale);
      }
    }
    for (const program of [together, products]) program.dispose();
  }

  /** The value without any gradient in its program. */
  async #alone(): Promise<{ readonly y: Float64Array; readonly signature: Tensor }> {
    const program = compile((inputs: Tensor[]) => this.#fn(...inputs));
    const result = await program(this.#inputs.map(tensorOf));
    if (result.dtype !== "float64")
      throw new Error(`checkGradients: the function gives ${result.dtype}; it must give float64.`);
    const y = (await result.data()) as Float64Array;
    program.dispose();
    return { y, signature: result };
  }

  #compile(outputs: (x: Tensor[], f: Tensor, given: { c: Tensor; u: Tensor[]; v: Tensor[] }) => Tensor[]): Step {
    return compile(({ x, c, u, v }) => {
      const floats = x.filter(({ dtype }) => dtype === "float64");
      return outputs(floats, this.#fn(...x), { c, u, v });
    });
  }

  async #evaluate(program: Step, floats: readonly HostArray[] = this.#floats): Promise<Float64Array[]> {
    const { c, u, v } = this.#constants;
    let next = 0;
    const x = this.#inputs.map((input) => tensorOf(input.dtype === "float64" ? floats[next++] : input));
    const results = await program({ x, c: tensorOf(c), u: u.map(tensorOf), v: v.map(tensorOf) });
    const values: Float64Array[] = [];
    for (const result of results) values.push((await result.data()) as Float64Array);
    return values;
  }

  /** Multiples of 1/64 in [-1, 1], which narrower floats hold exactly. */
  #dyadic(shape: readonly number[]): HostArray {
    const { data } = this.#random.floats(shape, -64, 64);
    return { shape, dtype: "float64", data: data.map((value) => Math.round(value) / 64) as Float64Array };
  }

  /** Compares relative to the larger of both, or to what rounding of numbers of size `noise` can do to a difference. */
  #expectScaled(what: string, actual: Values[number], numeric: Values[number], tolerance: number, noise: number): void {
    const scale = Math.max(scaleOf(actual), scaleOf(numeric), 1e-4 * noise);
    this.#expect(`${what} against finite differences`, actual, numeric, tolerance * scale + 1e-12);
  }

  #expect(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
    const shapes = this.#inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(", ");
    expectClose(actual, expected, tolerance, (i) => `sample ${this.#number} (${shapes}): ${what}, element ${i}`);
  }
}

/** A fresh tensor of an array, which no evaluation has moved to a backend yet. */
function tensorOf(array: HostArray): Tensor {
  return fromHost({ ...array, data: array.data.slice() as HostArray["data"] });
}

/** The sum of the products of two lists of tensors. */
function inner(a: readonly Tensor[], b: readonly Tensor[]): Tensor {
  return a.map((tensor, i) => sum(multiply(tensor, b[i]))).reduce((total, term) => total.add(term));
}
