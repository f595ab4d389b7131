/** Sconce's networks: those of @sconce/models where it has them, with the benchmarks' initial values. */
import { compile, grad, reshape, type Tensor, tensor, training } from "@sconce/core";
import { Conv2d, Flatten, Linear, LSTM, MaxPool2d, Module, ReLU, Sequential } from "@sconce/layers";
import { crossEntropy } from "@sconce/losses";
import { mobilenetV2, resnet18, resnet50, squeezenet11, vgg16 } from "@sconce/models";
import { adam, sgd } from "@sconce/optimizers";
import { count, initialValues, parameterShapes } from "../layers.ts";
import { layersOf, type NetworkName, parameterCount } from "../networks.ts";
import { numbers } from "../numbers.ts";
import { type InferenceWork, type TrainingWork, trainingBatch } from "../workloads.ts";

/** A module whose result is logits. */
type Network = Module & { forward(x: Tensor): Tensor };

/** x: [T, N, 128] to logits at every step, [T N, 100]. */
class SequenceClassifier extends Module {
  readonly lstm: LSTM = new LSTM(128, 256, { layers: 2 });
  readonly fc: Linear = new Linear(256, 100);

  override forward(x: Tensor): Tensor {
    return reshape(this.fc.forward(this.lstm.forward(x).output), [-1, 100]);
  }
}

const networks: Readonly<Record<NetworkName, () => Network>> = {
  mlp: () => new Sequential(new Linear(784, 512), new ReLU(), new Linear(512, 256), new ReLU(), new Linear(256, 10)),
  lenet5: () =>
    new Sequential(
      new Conv2d(1, 6, { kernelSize: 5, padding: 2 }),
      new ReLU(),
      new MaxPool2d(2),
      new Conv2d(6, 16, { kernelSize: 5 }),
      new ReLU(),
      new MaxPool2d(2),
      new Flatten(),
      new Linear(400, 120),
      new ReLU(),
      new Linear(120, 84),
      new ReLU(),
      new Linear(84, 10),
    ),
  lstm: () => new SequenceClassifier(),
  "resnet18-cifar": () => resnet18({ stem: "cifar", numClasses: 10 }),
  resnet18,
  resnet50,
  "mobilenet-v2": () => mobilenetV2({ dropout: 0 }),
  vgg16,
  "squeezenet1.1": squeezenet11,
};

/** The network of that name with the benchmarks' initial values. */
export function networkOf(name: NetworkName): Network {
  const network = networks[name]();
  const own = network.parameters().reduce((sum, { shape }) => sum + count(shape), 0);
  if (own !== parameterCount(name)) throw new Error(`${name} has ${own} parameters, not ${parameterCount(name)}`);
  const parameters = parameterShapes(layersOf(name));
  const state = Object.fromEntries(
    parameters.map((parameter) => [parameter.name, tensor(initialValues(parameter), { shape: parameter.shape })]),
  );
  const { missing, unexpected } = network.loadStateDict(state, { strict: false });
  const absent = missing.filter((name) => network.namedParameters().has(name));
  if (absent.length + unexpected.length > 0)
    throw new Error(`${name}: no values for ${absent.join(", ")}; no parameters for ${unexpected.join(", ")}`);
  return network;
}

/** A training step; it returns the loss. */
export function trainingStep(work: TrainingWork): () => Promise<readonly Tensor[]> {
  const model = networkOf(work.network);
  const { optimizer: settings } = work;
  const optimizer = (settings.kind === "adam" ? adam : sgd)(model.parameters(), settings);
  const batch = trainingBatch(work);
  const x = tensor(batch.x, { shape: work.shape });
  const labels = tensor(batch.labels);
  const step = compile((x: Tensor, labels: Tensor) =>
    training(() => {
      const loss = crossEntropy(model.forward(x), labels);
      optimizer.update(grad(loss, model.parameters()));
      return [loss];
    }),
  );
  return () => step(x, labels);
}

/** A prediction; the parameters are variables, read anew each time. */
export function inferenceRun(work: InferenceWork): () => Promise<readonly Tensor[]> {
  const model = networkOf(work.network);
  const x = tensor(numbers(count(work.shape), 1), { shape: work.shape });
  const predict = compile((x: Tensor) => [model.forward(x)]);
  return () => predict(x);
}
