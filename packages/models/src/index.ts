/** Sconce models: image classifiers and sequence-to-sequence. */
export type { ClassifierOptions } from "./classification/classifier-options.ts";
export type { LeNet5Options } from "./classification/lenet5.ts";
export { LeNet5 } from "./classification/lenet5.ts";
export type { MobileNetV2Options } from "./classification/mobilenet-v2.ts";
export { InvertedResidual, MobileNetV2, mobilenetV2 } from "./classification/mobilenet-v2.ts";
export type { ResidualBlock, ResidualBlockOptions } from "./classification/residual-blocks.ts";
export { BasicBlock, Bottleneck } from "./classification/residual-blocks.ts";
export type { ResNetOptions, StageDepths } from "./classification/resnet.ts";
export { ResNet, resnet18, resnet34, resnet50, resnet101, resnet152 } from "./classification/resnet.ts";
export type { SqueezeNetOptions } from "./classification/squeezenet.ts";
export { Fire, SqueezeNet, squeezenet10, squeezenet11 } from "./classification/squeezenet.ts";
export type { VGGDepths, VGGOptions } from "./classification/vgg.ts";
export { VGG, vgg11, vgg11Bn, vgg13, vgg13Bn, vgg16, vgg16Bn, vgg19, vgg19Bn } from "./classification/vgg.ts";
export { AttentionDecoder } from "./sequence-to-sequence/attention-decoder.ts";
export type { BeamSearchOptions, ScoredSequence } from "./sequence-to-sequence/beam-search.ts";
export { beamSearch } from "./sequence-to-sequence/beam-search.ts";
export type { Decoded, DecodeOptions, DecoderStep } from "./sequence-to-sequence/decoder.ts";
export { Decoder } from "./sequence-to-sequence/decoder.ts";
export type { Encoded, EncoderOptions } from "./sequence-to-sequence/encoder.ts";
export { Encoder } from "./sequence-to-sequence/encoder.ts";
export { FeedbackDecoder } from "./sequence-to-sequence/feedback-decoder.ts";
export type { Found, SearchOptions } from "./sequence-to-sequence/greedy-search.ts";
export { greedySearch } from "./sequence-to-sequence/greedy-search.ts";
export { PeekDecoder } from "./sequence-to-sequence/peek-decoder.ts";
export { PlainDecoder } from "./sequence-to-sequence/plain-decoder.ts";
export type { SequenceToSequenceOptions } from "./sequence-to-sequence/sequence-to-sequence.ts";
export { SequenceToSequence } from "./sequence-to-sequence/sequence-to-sequence.ts";
export type { TeacherForcing } from "./sequence-to-sequence/teacher-forcing.ts";
export {
  exponentialTeacherForcing,
  linearTeacherForcing,
  sigmoidTeacherForcing,
} from "./sequence-to-sequence/teacher-forcing.ts";
