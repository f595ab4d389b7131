/** Numbers between -1 and 1 that do not repeat, another sequence for each seed. */
import { type Tensor, tensor } from "@sconce/core";

export const floats = (shape: readonly number[], seed: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7 + seed)),
    { shape },
  );
