/** The wasm backend against what the machine can do, WebAssembly peers, and PyTorch. */
import { jaxJs, onnxRuntime, pytorch, sconce, tfjsWasm, wasmPeak } from "./participants.ts";
import type { Pair, Suite } from "./suite.ts";

const single = { ours: sconce("wasm", 1), variant: "1 thread" };
const [peak, tfjs, torch, web] = [wasmPeak(2), tfjsWasm(2), pytorch(2), onnxRuntime("web", 2)];
/** For what takes seconds. */
const long = { runs: 3, budget: 30_000 };

const convolutions: readonly Pair[] = [
  { work: "conv-forward", against: tfjs, target: 1.5 },
  { work: "conv-3x3-256", against: tfjs, target: 1.5 },
  { work: "conv-1x1-256", against: tfjs, target: 1.5 },
  { work: "conv-7x7-3", against: tfjs, target: 1.5 },
  { work: "conv-depthwise", against: tfjs, target: 1.1 },
];

const steps: readonly Pair[] = [
  { work: "mlp-step", against: torch, target: 0.35 },
  { work: "lenet5-step", against: torch, target: 0.35 },
  { work: "resnet18-step", against: torch, target: 0.35, plan: long },
  { work: "resnet50-step", against: torch, target: 0.35, plan: long },
  { work: "mobilenet-step", against: torch, target: 0.35 },
  { work: "lstm-step", against: torch, target: 0.35 },
];

export const wasm: Suite = {
  name: "wasm",
  ours: sconce("wasm", 2),
  pairs: [
    { work: "matmul-1024", against: peak, target: 0.85 },
    { ...single, work: "matmul-1024", against: wasmPeak(1), target: 0.85 },
    { work: "conv-forward", against: peak, target: 0.75 },
    { ...single, work: "conv-forward", against: wasmPeak(1), target: 0.75 },
    { work: "conv-backward", against: peak, target: 0.7 },
    { ...single, work: "conv-backward", against: wasmPeak(1), target: 0.7 },
    ...convolutions,
    { work: "conv-backward", against: jaxJs(2), target: 50, plan: { budget: 25_000 } },
    ...steps,
    { work: "resnet18", against: web, target: 1.8 },
    { work: "resnet50", against: web, target: 1.8 },
    { work: "vgg16", against: web, target: 1.8, plan: long },
    { work: "squeezenet", against: web, target: 1.3 },
    { work: "mobilenet", against: web, target: 1.3 },
    { work: "resnet50", against: tfjs },
  ],
};
