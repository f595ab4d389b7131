/** A small convolutional net with an embedding that fits on paper. */
import type { Tensor } from "@sconce/core";
import { Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential } from "@sconce/layers";

/** images: [N, 1, 8, 8] to points of the plane [N, 2]. */
export class EmbeddingNet extends Module {
  readonly features: Sequential = new Sequential(
    new Conv2d(1, 16, { kernelSize: 3, padding: 1 }),
    new ReLU(),
    new Conv2d(16, 32, { kernelSize: 3, padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(512, 64),
    new ReLU(),
  );
  readonly embedding: Linear = new Linear(64, 2);

  override forward(images: Tensor): Tensor {
    return this.embedding.forward(this.features.forward(images));
  }
}
