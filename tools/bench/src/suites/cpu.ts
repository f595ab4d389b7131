/** The cpu backend (plain TypeScript) against TensorFlow.js's backend of that kind. */
import { sconce } from "./participants.ts";
import type { Participant, Suite } from "./suite.ts";

const peer: Participant = { name: "tfjs-backend-cpu", script: "tfjs", arguments: ["cpu"], packages: "tfjs" };

export const cpu: Suite = {
  name: "cpu",
  ours: sconce("cpu", 1),
  pairs: [
    { work: "matmul-512", against: peer, target: 5 },
    { work: "conv-forward", against: peer, target: 5 },
    { work: "mlp-step", against: peer, target: 5 },
    { work: "conv-backward", against: peer, target: 20 },
    { work: "lenet5-step", against: peer, target: 20 },
    { work: "resnet18-capture", against: 3000, target: 1 },
    { work: "overhead", against: 0.5, target: 1 },
  ],
};
