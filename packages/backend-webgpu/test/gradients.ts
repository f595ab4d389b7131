/**
 * The gradient checks for a backend without float64. There, finite differences tell little; instead values, gradients and
 * gradients of gradients in float32 are held to those of the cpu backend in float64, which the kit holds to differences.
 */
import { openCpu } from "@sconce/backend-cpu";
import { type BackendCheck, gradientChecks, NotApplicable, Random } from "@sconce/conformance";
import {
  type Backend,
  evaluateAll,
  fromHost,
  type HostArray,
  type Tensor,
  tensor,
  vjp,
  withBackend,
} from "@sconce/core";

/** The largest difference allowed, relative to the largest number of the result where that is more than 1. */
const tolerance = 2e-4;

/** One for each differentiable function of core. */
export const gradientComparisons: readonly BackendCheck[] = gradientChecks.map(({ name, samples }) => ({
  name: `gradients of ${name}`,
  run: async (backend) => {
    for (const { fn, inputs, order = 2 } of samples(new Random(name.length))) {
      const narrow = inputs.map(toFloat32);
      if (fn(...narrow.map(fromHost)).dtype === "float64") throw new NotApplicable("the result is float64");
      const expected = await withBackend(openCpu() as Backend, () => derivatives(fn, inputs, order));
      const actual = await withBackend(backend, () => derivatives(fn, narrow, order));
      expected.forEach((numbers, result) => {
        const allowed = tolerance * Math.max(1, ...numbers.map(Math.abs));
        const at = numbers.findIndex((number, i) => !(Math.abs(number - actual[result][i]) <= allowed));
        if (at < 0) return;
        const [wrong, right] = [actual[result][at], numbers[at]];
        throw new Error(`result ${result}, element ${at}: ${wrong} instead of ${right} within ${allowed}.`);
      });
    }
  },
}));

function toFloat32(input: HostArray): HostArray {
  return input.dtype === "float64" ? { ...input, dtype: "float32", data: Float32Array.from(input.data) } : input;
}

/** The value, its gradients, and the gradients of their products with some directions. */
async function derivatives(
  fn: (...inputs: Tensor[]) => Tensor,
  given: readonly HostArray[],
  order: 1 | 2,
): Promise<number[][]> {
  const random = new Random(7);
  const inputs = given.map(fromHost);
  const value = fn(...inputs);
  const wanted = inputs.filter(({ dtype }) => dtype.startsWith("float"));
  const like = ({ shape, dtype }: Tensor): Tensor =>
    tensor(random.floats(shape).data, { shape, dtype: dtype as "float32" });
  const first = vjp(value, wanted, like(value));
  const second = order === 1 ? [] : first.flatMap((gradient) => vjp(gradient, wanted, like(gradient)));
  const results = [value, ...first, ...second];
  await evaluateAll(...results);
  const numbers: number[][] = [];
  for (const result of results) numbers.push(Array.from(await result.data(), Number));
  return numbers;
}
