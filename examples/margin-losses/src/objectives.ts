/**
 * The eight losses. No head has a bias, so that classes are told apart by angles alone; what compares distances is a term
 * beside a plain classifier.
 */
import { add, divide, equal, maximum, multiply, norm, roll, type Tensor } from "@sconce/core";
import { Module } from "@sconce/layers";
import {
  AMSoftmax,
  ArcFace,
  ASoftmax,
  batchHardTripletLoss,
  CenterLoss,
  contrastiveLoss,
  type Head,
  LSoftmax,
  SoftmaxHead,
} from "@sconce/losses";

/** A classifier, and perhaps a term beside its loss. */
export class Objective extends Module {
  readonly head: Head;
  readonly term: Module | undefined;
  readonly #beside: ((features: Tensor, labels: Tensor) => Tensor) | undefined;

  constructor(head: Head, beside?: CenterLoss | ((features: Tensor, labels: Tensor) => Tensor)) {
    super();
    this.head = head;
    if (beside instanceof CenterLoss) {
      this.term = beside;
      this.#beside = (features, labels) => beside.forward(features, labels);
    } else {
      this.#beside = beside;
    }
  }

  override forward(features: Tensor, labels: Tensor): Tensor {
    const loss = this.head.forward(features, labels);
    return this.#beside ? add(loss, this.#beside(features, labels)) : loss;
  }
}

export interface Contender {
  readonly name: string;
  readonly make: () => Objective;
}

const classes = 10;
const plain = (): Head => new SoftmaxHead(2, classes, { bias: false });
const annealing = { base: 100, gamma: 0.1, minimum: 0.5 };

export const contenders: readonly Contender[] = [
  { name: "softmax", make: () => new Objective(plain()) },
  { name: "softmax + center", make: () => new Objective(plain(), new CenterLoss(2, classes, { lambda: 0.1 })) },
  { name: "softmax + contrastive", make: () => new Objective(plain(), ofNeighbours) },
  { name: "softmax + triplet", make: () => new Objective(plain(), ofHardTriplets) },
  { name: "L-Softmax", make: () => new Objective(new LSoftmax(2, classes, { margin: 3, annealing })) },
  { name: "A-Softmax", make: () => new Objective(new ASoftmax(2, classes, { margin: 3, annealing })) },
  { name: "AM-Softmax", make: () => new Objective(new AMSoftmax(2, classes, { scale: 30, margin: 0.12 })) },
  { name: "ArcFace", make: () => new Objective(new ArcFace(2, classes, { scale: 30, margin: 0.25 })) },
];

/** The contrastive loss of each example and the eight after it in its batch. */
function ofNeighbours(features: Tensor, labels: Tensor): Tensor {
  const losses = Array.from({ length: 8 }, (_, i) =>
    contrastiveLoss(features, roll(features, i + 1, 0), equal(labels, roll(labels, i + 1, 0)), { margin: 6 }),
  );
  return multiply(
    losses.reduce((a, b) => add(a, b)),
    0.3 / losses.length,
  );
}

/** The triplet loss of directions: distances are those on the unit circle. */
function ofHardTriplets(features: Tensor, labels: Tensor): Tensor {
  const directions = divide(features, maximum(norm(features, { axes: 1, keepAxes: true }), 1e-6));
  return multiply(batchHardTripletLoss(directions, labels, { margin: 0.3 }), 0.5);
}
