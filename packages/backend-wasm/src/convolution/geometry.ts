/** The sizes of a two-dimensional convolution, axis by axis; one spatial axis is a height of one. */

/** One spatial axis. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before the first input; negative where inputs are left out. */
  readonly before: number;
}

/**
 * x [batch, inputChannels, height, width] with weights [outputChannels, inputChannels / groups, kernel height, kernel
 * width]. Channel counts are totals over all groups. Output i of an axis sees inputs i * stride - before + tap * dilation.
 */
export interface ConvolutionShape {
  readonly batch: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly groups: number;
  readonly vertical: Axis;
  readonly horizontal: Axis;
}

/** Positions of one output channel of one image. */
export function outputPositions({ vertical, horizontal }: ConvolutionShape): number {
  return vertical.output * horizontal.output;
}

/** Elements of one input channel of one image. */
export function inputPositions({ vertical, horizontal }: ConvolutionShape): number {
  return vertical.input * horizontal.input;
}

/** Taps of the kernel for one input channel. */
export function kernelTaps({ vertical, horizontal }: ConvolutionShape): number {
  return vertical.kernel * horizontal.kernel;
}

/** Whether a single tap meets every input once: a matrix product with the input as it lies. */
export function isPointwise({ vertical, horizontal }: ConvolutionShape): boolean {
  return [vertical, horizontal].every(
    ({ input, output, kernel, stride, before }) => kernel * stride === 1 && before === 0 && input === output,
  );
}

/** Planes of `elements` that a thread takes at a time: a few microseconds of work. */
export function planeGrain(elements: number): number {
  return Math.ceil(16384 / elements);
}
