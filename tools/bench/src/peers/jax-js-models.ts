/** Residual networks in jax-js: a whole training step, or a prediction, is one function under `jit`. */
import { sampleOf } from "../answer.ts";
import { count, initialValues, type Layer, parameterShapes } from "../layers.ts";
import { layersOf } from "../networks.ts";
import { numbers } from "../numbers.ts";
import { type InferenceWork, type TrainingWork, trainingBatch } from "../workloads.ts";
import type { Jax, JaxArray } from "./jax-js-library.ts";
import type { Task } from "./serve.ts";

type Arrays = readonly JaxArray[];

/** Reads arrays in the order in which layers need them. */
type Next = () => JaxArray;

function taking(arrays: Arrays): Next {
  const rest = arrays.values();
  return () => rest.next().value as JaxArray;
}

const refs = (arrays: Arrays): JaxArray[] => arrays.map((array) => array.ref);

function arraysOf(
  jax: Jax,
  layers: readonly Layer[],
): { readonly parameters: JaxArray[]; readonly running: JaxArray[] } {
  const parameters = parameterShapes(layers).map((parameter) =>
    jax.numpy.array(initialValues(parameter)).reshape(parameter.shape),
  );
  const running = layers.flatMap((layer) =>
    layer.kind === "batchNorm"
      ? [0, 1].map((value) => jax.numpy.array(new Float32Array(layer.channels).fill(value)))
      : [],
  );
  return { parameters, running };
}

/** The network's result, and in training the running statistics after it. It consumes what it is given. */
function forward(
  { lax, nn, numpy }: Jax,
  layers: readonly Layer[],
  { x, parameters, running, training }: { x: JaxArray; parameters: Arrays; running: Arrays; training: boolean },
): { readonly y: JaxArray; readonly after: JaxArray[] } {
  const [parameter, statistic] = [taking(parameters), taking(running)];
  const after: JaxArray[] = [];
  const perChannel = (values: JaxArray): JaxArray => values.reshape([1, -1, 1, 1]);

  const normalize = (x: JaxArray): JaxArray => {
    const [scale, offset] = [parameter(), parameter()];
    let [mean, variance] = [statistic(), statistic()];
    if (training) {
      const elements = count(x.shape) / x.shape[1];
      const axes = [0, 2, 3];
      const of = numpy.mean(x.ref, axes);
      const spread = numpy.mean(numpy.square(x.ref.sub(perChannel(of.ref))), axes);
      const follow = (before: JaxArray, now: JaxArray, factor: number): JaxArray =>
        before.mul(0.9).add(lax.stopGradient(now).mul(0.1 * factor));
      after.push(follow(mean, of.ref, 1), follow(variance, spread.ref, elements / (elements - 1)));
      [mean, variance] = [of, spread];
    }
    const deviation = numpy.sqrt(perChannel(variance).add(1e-5));
    return x.sub(perChannel(mean)).div(deviation).mul(perChannel(scale)).add(perChannel(offset));
  };

  const apply = (layer: Layer, x: JaxArray, other?: JaxArray): JaxArray => {
    switch (layer.kind) {
      case "convolution": {
        const { stride, padding, groups, bias } = layer;
        const around = [padding, padding];
        const options = { featureGroupCount: groups };
        const y = lax.convGeneralDilated(x, parameter(), [stride, stride], [around, around], options);
        return bias ? y.add(perChannel(parameter())) : y;
      }
      case "batchNorm":
        return normalize(x);
      case "relu":
        return nn.relu(x);
      case "add":
        return x.add(other as JaxArray);
      case "globalMean":
        return numpy.mean(x, [2, 3]);
      case "linear":
        return numpy.matmul(x, parameter().transpose()).add(parameter());
      case "maxPool": {
        // Padded with zeros: it follows a rectifier.
        const around = [layer.padding, layer.padding];
        const padded = numpy.pad(x, [[0, 0], [0, 0], around, around]);
        return lax.reduceWindow(padded, numpy.max, [layer.size, layer.size], [layer.stride, layer.stride]);
      }
      default:
        throw new Error(`jax-js: no layer of kind ${layer.kind}`);
    }
  };

  const uses = new Map<number, number>();
  for (const source of layers.flatMap(({ of }) => of)) uses.set(source, (uses.get(source) ?? 0) + 1);
  const results = new Map([[-1, x]]);
  for (const [i, layer] of layers.entries()) {
    const [first, second] = layer.of.map((source) => {
      const left = (uses.get(source) as number) - 1;
      uses.set(source, left);
      const result = results.get(source) as JaxArray;
      return left > 0 ? result.ref : result;
    });
    results.set(i, apply(layer, first, second));
  }
  return { y: results.get(layers.length - 1) as JaxArray, after };
}

/** A training step by SGD with momentum; its result is the loss. */
export async function trainingStep(jax: Jax, work: TrainingWork): Promise<Task<Arrays>> {
  const { optimizer, shape, labels, classes } = work;
  if (optimizer.kind !== "sgd") throw new Error("jax-js: SGD only");
  const { learningRate, momentum } = optimizer;
  const layers = layersOf(work.network);
  let { parameters, running } = arraysOf(jax, layers);
  let velocities = parameters.map((array) => jax.numpy.zeros(array.shape));
  const batch = trainingBatch(work);
  const oneHot = new Float32Array(labels * classes);
  batch.labels.forEach((label, i) => {
    oneHot[i * classes + label] = 1;
  });
  const [images, targets] = [
    jax.numpy.array(batch.x).reshape(shape),
    jax.numpy.array(oneHot).reshape([labels, classes]),
  ];
  const lossAndStatistics = (
    parameters: Arrays,
    running: Arrays,
    x: JaxArray,
    targets: JaxArray,
  ): [JaxArray, Arrays] => {
    const { y, after } = forward(jax, layers, { x, parameters, running, training: true });
    return [jax.numpy.sum(jax.nn.logSoftmax(y).mul(targets)).mul(-1 / labels), after];
  };
  const step = jax.jit((parameters: Arrays, velocities: Arrays, running: Arrays, x: JaxArray, targets: JaxArray) => {
    const differentiated = jax.valueAndGrad(lossAndStatistics, { hasAux: true });
    const [[loss, after], gradients] = differentiated(refs(parameters), running, x, targets);
    const faster = velocities.map((velocity, i) => velocity.mul(momentum).add(gradients[i]));
    const moved = parameters.map((parameter, i) => parameter.sub(faster[i].ref.mul(learningRate)));
    return [[loss], moved, faster, after];
  });
  const run = async (): Promise<Arrays> => {
    const [loss, ...state] = step(parameters, velocities, running, images.ref, targets.ref) as JaxArray[][];
    [parameters, velocities, running] = state;
    await jax.blockUntilReady([...loss, ...parameters, ...running]);
    return loss;
  };
  return { run, answer: answerOf };
}

/** A prediction. */
export async function inference(jax: Jax, work: InferenceWork): Promise<Task<Arrays>> {
  const layers = layersOf(work.network);
  const { parameters, running } = arraysOf(jax, layers);
  const given = jax.numpy.array(numbers(count(work.shape), 1)).reshape(work.shape);
  const predict = jax.jit((parameters: Arrays, running: Arrays, x: JaxArray) => [
    forward(jax, layers, { x, parameters, running, training: false }).y,
  ]);
  const run = async (): Promise<Arrays> => {
    const results = predict(refs(parameters), refs(running), given.ref);
    await jax.blockUntilReady(results);
    return results;
  };
  return { run, answer: answerOf };
}

/** Numbers of each result, whose last use this is. */
export async function answerOf(results: Arrays): Promise<number[]> {
  const answers: number[] = [];
  for (const result of results) answers.push(...sampleOf(await result.data()));
  return answers;
}
