/**
 * The network whose training is recorded: convolution, relu, a linear layer, softmax cross-entropy and plain gradient
 * descent, all in ops of core. Data and weights follow from the kit's own generator.
 */
import {
  type Backend,
  compile,
  conv2d,
  type DType,
  encodeNumbers,
  fromHost,
  grad,
  logSoftmax,
  matmul,
  oneHot,
  Param,
  type Tensor,
  withBackend,
} from "@sconce/core";
import { Random } from "../random.ts";

const batch = 4;
const side = 5;
const classes = 3;
const rate = 0.1;

/** The loss of each of 20 steps, computed in float64. */
export const goldenLosses: readonly number[] = [
  1.020037131613536, 0.9372937822012619, 0.8627421698546781, 0.7951551722071224, 0.7321462977868991, 0.6731877988564197,
  0.619274797679353, 0.5690190798194301, 0.5222361021006398, 0.47830910636912677, 0.43791057367464403,
  0.4007412147031974, 0.36636615196185784, 0.33509801631481656, 0.30706208263122137, 0.2819433186089881,
  0.2592225521636358, 0.23871842536563964, 0.22024105274662029, 0.2036503562096138,
];

/** Trains the network on `backend` and gives the loss of every step. */
export async function trainSmallNetwork(backend: Backend, steps = 20, dtype: DType = "float32"): Promise<number[]> {
  return withBackend(backend, async () => {
    const random = new Random(2026);
    const draw = (shape: readonly number[], scale: number): Tensor => {
      const { data } = random.floats(shape, -scale, scale);
      return fromHost({ shape, dtype, data: encodeNumbers(data, dtype) });
    };
    const variable = (shape: readonly number[], scale: number): Param =>
      new Param({ shape, dtype }, draw(shape, scale));
    const kernels = variable([3, 1, 3, 3], 0.5);
    const weight = variable([3 * side * side, classes], 0.2);
    const bias = variable([classes], 0.1);
    const step = compile((images: Tensor, labels: Tensor) => {
      const features = conv2d(images, kernels.value, { padding: 1 }).relu().flatten(1);
      const logits = matmul(features, weight.value).add(bias.value);
      const loss = logSoftmax(logits)
        .mul(oneHot(labels, classes, dtype))
        .sum()
        .mul(-1 / batch);
      const parameters = [kernels, weight, bias];
      grad(loss, parameters).forEach((gradient, i) => {
        parameters[i].assign(parameters[i].value.sub(gradient.mul(rate)));
      });
      return loss;
    });
    const images = draw([batch, 1, side, side], 1);
    const labels = fromHost({
      shape: [batch],
      dtype: "int32",
      data: Int32Array.from({ length: batch }, (_, i) => i % classes),
    });
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) losses.push(await (await step(images, labels)).item());
    step.dispose();
    return losses;
  });
}
