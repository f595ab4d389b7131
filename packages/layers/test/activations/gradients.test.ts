/** First and second derivatives of everything that layers compute by formulas of their own. */
import { openCpu } from "@sconce/backend-cpu";
import { checkGradients, type DifferentiableFunction, Random } from "@sconce/conformance";
import {
  ChannelShuffle,
  elu,
  GroupNorm,
  glu,
  hardsigmoid,
  hardswish,
  LocalResponseNorm,
  LPPool2d,
  leakyRelu,
  mish,
  RMSNorm,
  relu6,
  Softplus,
  SpatialPyramidPooling,
  selu,
  silu,
  softsign,
} from "@sconce/layers";
import { test } from "vitest";

const softplus = new Softplus({ beta: 2, threshold: 3 });
const response = new LocalResponseNorm(3, { alpha: 0.5 });
const power = new LPPool2d(2.5, 2);
const square = new LPPool2d(2, [1, 2]);
const pyramid = new SpatialPyramidPooling([1, 2], { mode: "average" });
const rms = new RMSNorm([2, 4], { affine: false });
const group = new GroupNorm(2, 4, { affine: false });
const shuffle = new ChannelShuffle(2);

const functions: Readonly<Record<string, DifferentiableFunction>> = {
  ...{ relu6, selu, hardsigmoid, hardswish, silu, mish, softsign },
  leakyRelu: (x) => leakyRelu(x),
  elu: (x) => elu(x),
  glu: (x) => glu(x),
  softplus: (x) => softplus.forward(x),
  localResponseNorm: (x) => response.forward(x),
  powerPool: (x) => power.forward(x),
  squarePool: (x) => square.forward(x),
  pyramid: (x) => pyramid.forward(x),
  rmsNorm: (x) => rms.forward(x),
  groupNorm: (x) => group.forward(x),
  channelShuffle: (x) => shuffle.forward(x),
};

const backend = openCpu();

test.each(Object.entries(functions))("%s", async (name, fn) => {
  const sample = new Random(name.length).floats([1, 4, 2, 4], 0.3, 2.4);
  await checkGradients((x) => fn(x), [[sample]], { backend });
});
