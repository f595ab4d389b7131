/** The webgpu backend against WebGPU peers through the same Dawn, what the adapter can do, and PyTorch as the limit. */
import { pytorchCuda, webGpuParticipants } from "./participants.ts";
import type { Pair, Participant, Suite } from "./suite.ts";

const timed = webGpuParticipants("timed");
const counted = webGpuParticipants("counted");
const software = webGpuParticipants("software");

/** A work against each peer, and against PyTorch for orientation. */
function pairs(work: string, peers: readonly Participant[], orientation: readonly Participant[] = []): Pair[] {
  return [
    ...peers.map((against) => ({ work, against, target: 1 })),
    ...orientation.map((against) => ({ work, against })),
  ];
}

const [peers, limit] = [[timed.tfjs, timed.jax], [pytorchCuda]];

export const webgpu: Suite = {
  name: "webgpu",
  ours: timed.ours,
  pairs: [
    { work: "matmul-4096", against: timed.peak, target: 0.6 },
    ...["matmul-1024", "matmul-2048", "matmul-4096", "conv-forward-32"].flatMap((work) => pairs(work, peers, limit)),
    ...pairs("resnet18-step-128", peers, limit),
    ...pairs("resnet50-batch8", [...peers, timed.onnx], limit),
  ],
  // The null adapter has half a gigabyte.
  counted: [{ work: "resnet18-step-4", ours: counted.ours, against: [counted.tfjs, counted.jax] }],
};

/** The same on an adapter in software, small: that everybody runs and agrees, not how fast. */
export const webgpuSoftware: Suite = {
  name: "webgpu-software",
  ours: software.ours,
  pairs: [
    { work: "matmul-256", against: software.peak },
    { work: "matmul-256", against: software.tfjs },
    { work: "matmul-256", against: software.jax },
    { work: "conv-small", against: software.tfjs },
    { work: "conv-small", against: software.jax },
    { work: "resnet18-step-2", against: software.tfjs },
    { work: "resnet18-step-2", against: software.jax },
    { work: "resnet50-small", against: software.tfjs },
    { work: "resnet50-small", against: software.jax },
    { work: "resnet50-small", against: software.onnx },
  ],
};
