/** Sconce losses: what training makes small. */
export type { HuberLossOptions, L1LossOptions, SmoothL1LossOptions } from "./absolute-error.ts";
export { huberLoss, l1Loss, smoothL1Loss } from "./absolute-error.ts";
export type { BinaryCrossEntropyOptions, BinaryCrossEntropyWithLogitsOptions } from "./binary-cross-entropy.ts";
export { binaryCrossEntropy, binaryCrossEntropyWithLogits } from "./binary-cross-entropy.ts";
export type { BoxLossOptions } from "./box-iou.ts";
export { ciouLoss, diouLoss, giouLoss } from "./box-iou.ts";
export type { CrossEntropyOptions } from "./cross-entropy.ts";
export { crossEntropy } from "./cross-entropy.ts";
export type { CTCLossOptions } from "./ctc.ts";
export { ctcLoss } from "./ctc.ts";
export type { DiceLossOptions } from "./dice.ts";
export { diceLoss } from "./dice.ts";
export type { JensenShannonDivergenceOptions, KLDivergenceOptions } from "./divergence.ts";
export { jensenShannonDivergence, klDivergence } from "./divergence.ts";
export type { ContrastiveLossOptions, CosineEmbeddingLossOptions } from "./embedding.ts";
export { contrastiveLoss, cosineEmbeddingLoss } from "./embedding.ts";
export type { SigmoidFocalLossOptions, SoftmaxFocalLossOptions } from "./focal.ts";
export { sigmoidFocalLoss, softmaxFocalLoss } from "./focal.ts";
export { ASoftmax } from "./heads/a-softmax.ts";
export type { AMSoftmaxOptions } from "./heads/am-softmax.ts";
export { AMSoftmax } from "./heads/am-softmax.ts";
export type { AngularMarginOptions, Annealing } from "./heads/angular-margin.ts";
export { AngularMarginHead } from "./heads/angular-margin.ts";
export type { ArcFaceOptions } from "./heads/arc-face.ts";
export { ArcFace } from "./heads/arc-face.ts";
export type { CenterLossOptions } from "./heads/center-loss.ts";
export { CenterLoss } from "./heads/center-loss.ts";
export type { HeadOptions } from "./heads/head.ts";
export { Head } from "./heads/head.ts";
export { LSoftmax } from "./heads/l-softmax.ts";
export type { SoftmaxHeadOptions } from "./heads/softmax-head.ts";
export { SoftmaxHead } from "./heads/softmax-head.ts";
export type {
  HingeEmbeddingLossOptions,
  HingeLossOptions,
  MarginRankingLossOptions,
  MultiMarginLossOptions,
} from "./hinge.ts";
export { hingeEmbeddingLoss, hingeLoss, marginRankingLoss, multiMarginLoss } from "./hinge.ts";
export type { MeanSquaredErrorOptions } from "./mean-squared-error.ts";
export { meanSquaredError } from "./mean-squared-error.ts";
export type { NegativeLogLikelihoodOptions } from "./negative-log-likelihood.ts";
export { negativeLogLikelihood } from "./negative-log-likelihood.ts";
export type { Reduction } from "./reduction.ts";
export type { BatchHardTripletLossOptions, TripletMarginLossOptions } from "./triplet.ts";
export { batchHardTripletLoss, tripletMarginLoss } from "./triplet.ts";
