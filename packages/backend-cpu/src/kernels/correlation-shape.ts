/** What a correlation is: its extents, and the strides of its operands. */

/** The extents of a correlation; channel counts are per group. */
export interface Extents {
  readonly batch: number;
  readonly groups: number;
  readonly inputChannels: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
  readonly outputChannels: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Rows above and columns to the left of the input that count as zero; negative where the input is cropped. */
  readonly top: number;
  readonly left: number;
}

/** Where images lie in an array. */
export interface ImageStrides {
  readonly start: number;
  readonly image: number;
  readonly group: number;
  readonly channel: number;
  readonly row: number;
  readonly column: number;
}

/** Where weights lie in an array. */
export interface WeightStrides {
  readonly start: number;
  readonly group: number;
  readonly outputChannel: number;
  readonly inputChannel: number;
  readonly row: number;
  readonly column: number;
}

export interface Correlation extends Extents {
  readonly input: ImageStrides;
  readonly weights: WeightStrides;
  readonly output: ImageStrides;
}

/**
 * The correlation of the same input with the output as weights, which gives the weights: images and channels exchange
 * their roles, as do kernel and output, and stride and dilation.
 */
export function exchangeRoles(shape: Correlation): Correlation {
  const { input, weights, output } = shape;
  return {
    ...shape,
    batch: shape.inputChannels,
    inputChannels: shape.batch,
    outputHeight: shape.kernelHeight,
    outputWidth: shape.kernelWidth,
    kernelHeight: shape.outputHeight,
    kernelWidth: shape.outputWidth,
    stride: shape.dilation,
    dilation: shape.stride,
    input: { ...input, image: input.channel, channel: input.image },
    weights: { ...output, outputChannel: output.channel, inputChannel: output.image },
    output: { ...weights, image: weights.inputChannel, channel: weights.outputChannel },
  };
}
