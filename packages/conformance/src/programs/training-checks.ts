/** Training the small network gives the losses that were recorded in float64. */
import { type BackendCheck, requireDType } from "../check.ts";
import { expectClose } from "../compare.ts";
import { goldenLosses, trainSmallNetwork } from "./small-network.ts";

export const trainingChecks: readonly BackendCheck[] = [
  {
    name: "20 steps of training give the recorded losses",
    run: async (backend) => {
      const losses = await trainSmallNetwork(backend);
      expectClose(
        losses,
        goldenLosses,
        (i) => 1e-4 * goldenLosses[i],
        (i) => `the loss of step ${i}`,
      );
    },
  },
  {
    name: "20 steps of training in float64 give the recorded losses",
    run: async (backend) => {
      requireDType(backend, "float64");
      const losses = await trainSmallNetwork(backend, 20, "float64");
      expectClose(
        losses,
        goldenLosses,
        (i) => 1e-9 * goldenLosses[i],
        (i) => `the loss of step ${i}`,
      );
    },
  },
];
