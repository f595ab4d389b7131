/** Sconce layers: modules, their parameters and initial values, and the layers themselves. */
export type { SoftplusOptions } from "./activations/exponential.ts";
export { ELU, elu, SELU, Softplus, selu } from "./activations/exponential.ts";
export type { GELUOptions } from "./activations/gates.ts";
export { GELU, GLU, glu, Hardswish, hardswish, Mish, mish, SiLU, silu } from "./activations/gates.ts";
export { Maxout } from "./activations/maxout.ts";
export { LeakyReLU, leakyRelu, PReLU, ReLU, ReLU6, relu6 } from "./activations/rectifiers.ts";
export { Hardsigmoid, hardsigmoid, Sigmoid, Softsign, softsign, Tanh } from "./activations/sigmoids.ts";
export { LogSoftmax, Softmax } from "./activations/softmax.ts";
export { AdditiveAttention } from "./attention/additive.ts";
export type { Attended, AttendOptions } from "./attention/attend.ts";
export { attend } from "./attention/attend.ts";
export type { DecoderForwardOptions } from "./attention/decoder-layer.ts";
export { TransformerDecoderLayer } from "./attention/decoder-layer.ts";
export type { DotProductOptions } from "./attention/dot-product.ts";
export { DotProductAttention, dotProductAttention, scaledDotProductAttention } from "./attention/dot-product.ts";
export type { EncoderForwardOptions } from "./attention/encoder-layer.ts";
export { TransformerEncoderLayer } from "./attention/encoder-layer.ts";
export type { TransformerLayerOptions } from "./attention/feed-forward.ts";
export { GeneralAttention } from "./attention/general.ts";
export type { MultiheadAttentionOptions, MultiheadForwardOptions } from "./attention/multihead.ts";
export { MultiheadAttention } from "./attention/multihead.ts";
export { Bilinear } from "./bilinear.ts";
export type { ConvolutionLayerOptions } from "./convolution/convolution.ts";
export { Conv1d, Conv2d, Conv3d } from "./convolution/convolution.ts";
export { DepthwiseSeparableConv2d, depthwiseConv2d, pointwiseConv2d } from "./convolution/separable.ts";
export type { TransposedConvolutionLayerOptions } from "./convolution/transposed.ts";
export { ConvTranspose1d, ConvTranspose2d } from "./convolution/transposed.ts";
export { AlphaDropout, Dropout, Dropout2d, DropPath } from "./dropout.ts";
export type { EmbeddingOptions } from "./embedding.ts";
export { Embedding } from "./embedding.ts";
export { Identity } from "./identity.ts";
export { dirac } from "./initializers/dirac.ts";
export { orthogonal } from "./initializers/orthogonal.ts";
export type { TruncatedNormalOptions } from "./initializers/truncated-normal.ts";
export { truncatedNormal } from "./initializers/truncated-normal.ts";
export type { Fans, Initializer, KaimingOptions, XavierOptions } from "./initializers.ts";
export {
  constant,
  fansOf,
  kaimingNormal,
  kaimingUniform,
  normal,
  uniform,
  xavierNormal,
  xavierUniform,
} from "./initializers.ts";
export type { Captured } from "./inspection/capture.ts";
export { capture } from "./inspection/capture.ts";
export type { SummaryOptions, SummaryRow } from "./inspection/summary.ts";
export { Summary, summary } from "./inspection/summary.ts";
export type { LinearOptions } from "./linear.ts";
export { Linear } from "./linear.ts";
export type { Layer } from "./module.ts";
export { Module } from "./module.ts";
export type { BatchNormLayerOptions } from "./normalization/batch-norm.ts";
export { BatchNorm1d, BatchNorm2d, BatchNorm3d } from "./normalization/batch-norm.ts";
export { FrozenBatchNorm2d } from "./normalization/frozen-batch-norm2d.ts";
export type { GroupNormOptions } from "./normalization/group-norm.ts";
export { GroupNorm, InstanceNorm1d, InstanceNorm2d } from "./normalization/group-norm.ts";
export type { LayerNormOptions, RMSNormOptions } from "./normalization/layer-norm.ts";
export { LayerNorm, RMSNorm } from "./normalization/layer-norm.ts";
export type { LocalResponseNormOptions } from "./normalization/local-response-norm.ts";
export { LocalResponseNorm } from "./normalization/local-response-norm.ts";
export { AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d } from "./pooling/adaptive.ts";
export { GlobalAveragePool, GlobalMaxPool } from "./pooling/global.ts";
export type { PowerPoolOptions } from "./pooling/power.ts";
export { LPPool1d, LPPool2d } from "./pooling/power.ts";
export type { SpatialPyramidPoolingOptions } from "./pooling/spatial-pyramid.ts";
export { SpatialPyramidPooling } from "./pooling/spatial-pyramid.ts";
export { AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d } from "./pooling/windows.ts";
export type { RecurrentCellOptions } from "./recurrent/cell.ts";
export { detachState } from "./recurrent/detach-state.ts";
export { GRU } from "./recurrent/gru.ts";
export { GRUCell } from "./recurrent/gru-cell.ts";
export { LSTM } from "./recurrent/lstm.ts";
export type { LSTMState } from "./recurrent/lstm-cell.ts";
export { LSTMCell } from "./recurrent/lstm-cell.ts";
export type { DirectionWeights, RecurrentOptions } from "./recurrent/recurrent.ts";
export { Recurrent } from "./recurrent/recurrent.ts";
export type { RNNOptions, SequenceOptions } from "./recurrent/rnn.ts";
export { RNN } from "./recurrent/rnn.ts";
export type { RNNCellOptions } from "./recurrent/rnn-cell.ts";
export { RNNCell } from "./recurrent/rnn-cell.ts";
export type { Nonlinearity } from "./recurrent/steps.ts";
export { Sequential } from "./sequential.ts";
export { Flatten } from "./shape/flatten.ts";
export type { ImagePadding } from "./shape/padding.ts";
export { ReflectionPad2d, ReplicationPad2d, ZeroPad2d } from "./shape/padding.ts";
export { ChannelShuffle, PixelShuffle, PixelUnshuffle } from "./shape/shuffle.ts";
export { Unflatten } from "./shape/unflatten.ts";
export { Upsample } from "./shape/upsample.ts";
export type { SqueezeExcitationOptions } from "./squeeze-excitation.ts";
export { SqueezeExcitation } from "./squeeze-excitation.ts";
export type { LoadOptions, LoadReport } from "./state-dict.ts";
export { readState, writeState } from "./state-dict.ts";
