/** The native backend against PyTorch and ONNX Runtime. */
import { onnxRuntime, pytorch, pytorchWay, sconce } from "./participants.ts";
import type { Suite } from "./suite.ts";

const torch = pytorch(2);
const either = [torch, onnxRuntime("node", 2)];

export const native: Suite = {
  name: "native",
  ours: sconce("native", 2),
  pairs: [
    { work: "mlp-step", against: torch, target: 1 },
    { work: "lenet5-step", against: torch, target: 2 },
    { work: "resnet18-step", against: torch, target: 1 },
    { work: "resnet50-step", against: torch, target: 1.1, plan: { runs: 3, budget: 30_000 } },
    { work: "mobilenet-step", against: torch, target: 1.5 },
    { work: "lstm-step", against: torch, target: 1 },
    { work: "chain", against: torch, target: 1 },
    { work: "softmax", against: torch, target: 1 },
    { work: "batch-norm", against: torch, target: 1 },
    { work: "moments", against: torch, target: 1 },
    { work: "resnet18", against: either, target: 1 },
    { work: "resnet50", against: either, target: 1 },
    { work: "vgg16", against: either, target: 1 },
    { work: "squeezenet", against: either, target: 1 },
    { work: "mobilenet", against: either, target: 1 },
    { work: "resnet50-batch8", against: either, target: 1 },
  ],
  memory: [
    {
      work: "resnet50-step",
      ours: sconce("native", 2),
      against: [pytorchWay(2, "contiguous"), pytorchWay(2, "channels last")],
    },
  ],
};
