/**
 * Ten training steps of ResNet-50 on images of the usual size, against PyTorch's (training.py), which takes too long for the tests.
 * usage, after npm run build: node tools/parity/resnet50.ts
 */
import { openNative } from "@sconce/backend-native";
import { openWasm } from "@sconce/backend-wasm";
import type { Backend } from "@sconce/core";
import { compareTraining, readGolden } from "../../packages/models/test/training/resnet50-step.ts";

for (const backend of [await openNative(), await openWasm()] as Backend[]) {
  const { losses, gradients } = await compareTraining(backend, readGolden("resnet50-full"), 10);
  const [name, furthest] = [...gradients].reduce((a, b) => (b[1] > a[1] ? b : a));
  console.log(
    `${backend.name}: first loss within ${losses[0].toExponential(1)}, ten losses within ${Math.max(...losses).toExponential(1)}, ` +
      `${gradients.size} gradients within ${furthest.toExponential(1)} (${name})`,
  );
  await backend.close?.();
}
