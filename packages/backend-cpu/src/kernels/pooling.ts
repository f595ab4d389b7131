/**
 * Max pooling of image planes and its gradient, which adds up in double precision where windows overlap.
 *
 * The maximum of a window is its first in row-major order, and a NaN counts as one. Windows may hang over the
 * input; what they find there is never the maximum.
 */
import { insideRange } from "./arithmetic.ts";
import type { FloatArray } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Sizes and attributes; pairs are vertical and horizontal. */
export interface PoolingShape {
  /** Images times channels. */
  readonly planes: number;
  readonly input: readonly [height: number, width: number];
  readonly output: readonly [height: number, width: number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Top, bottom, left, right. */
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
}

/** output = the largest element of each window of the input. */
export function maxPool(output: FloatArray, input: FloatArray, shape: PoolingShape): void {
  const maxima = locateMaxima(input, shape);
  const size = shape.output[0] * shape.output[1];
  for (let plane = 0; plane < shape.planes; plane++) {
    const indices = maxima(plane);
    const start = plane * size;
    for (let i = 0; i < size; i++) output[start + i] = indices[i] < 0 ? Number.NEGATIVE_INFINITY : input[indices[i]];
  }
}

/** output = the elements of `values`, which has the shape of the input, at the maxima of the input's windows. */
export function maxPoolSelect(output: FloatArray, input: FloatArray, values: FloatArray, shape: PoolingShape): void {
  const maxima = locateMaxima(input, shape);
  const size = shape.output[0] * shape.output[1];
  for (let plane = 0; plane < shape.planes; plane++) {
    const indices = maxima(plane);
    const start = plane * size;
    for (let i = 0; i < size; i++) output[start + i] = indices[i] < 0 ? 0 : values[indices[i]];
  }
}

/** inputGradient = zeros, with each element of the output gradient added where its window has its maximum. */
export function maxPoolGradient(
  inputGradient: FloatArray,
  input: FloatArray,
  outputGradient: FloatArray,
  shape: PoolingShape,
): void {
  const maxima = locateMaxima(input, shape);
  const size = shape.output[0] * shape.output[1];
  const inputSize = shape.input[0] * shape.input[1];
  for (let plane = 0; plane < shape.planes; plane++) {
    const indices = maxima(plane);
    const start = plane * size;
    const inputStart = plane * inputSize;
    const sums = zeroedSums(inputSize);
    for (let i = 0; i < size; i++) if (indices[i] >= 0) sums[indices[i] - inputStart] += outputGradient[start + i];
    for (let i = 0; i < inputSize; i++) inputGradient[inputStart + i] = sums[i];
  }
}

/** For each window along an axis: its part inside the input, from `begin` to before `end`. */
interface Windows {
  readonly begin: Int32Array;
  readonly end: Int32Array;
}

function windowsAlong(shape: PoolingShape, axis: 0 | 1): Windows {
  const size = shape.input[axis];
  const windows = shape.output[axis];
  const dilation = shape.dilation[axis];
  const begin = new Int32Array(windows);
  const end = new Int32Array(windows);
  for (let window = 0; window < windows; window++) {
    const start = window * shape.stride[axis] - shape.padding[2 * axis];
    begin[window] = start + Math.max(0, Math.ceil(-start / dilation)) * dilation;
    end[window] = Math.min(size, start + (shape.kernel[axis] - 1) * dilation + 1);
  }
  return { begin, end };
}

/** A function that gives, for each window of a plane, where its maximum is in the input; -1 for a window without elements. */
function locateMaxima(input: FloatArray, shape: PoolingShape): (plane: number) => Int32Array {
  const { output, kernel, stride, dilation, padding } = shape;
  const rows = windowsAlong(shape, 0);
  const columns = windowsAlong(shape, 1);
  const width = shape.input[1];
  const indices = new Int32Array(output[0] * output[1]);
  return (plane) => {
    for (let y = 0, line = 0; y < output[0]; y++, line += output[1]) {
      const planeStart = plane * shape.input[0] * width;
      const first = planeStart + rows.begin[y] * width;
      for (let x = 0; x < output[1]; x++) {
        const isEmpty = rows.begin[y] >= rows.end[y] || columns.begin[x] >= columns.end[x];
        indices[line + x] = isEmpty ? -1 : first + columns.begin[x];
      }
      for (let row = rows.begin[y]; row < rows.end[y]; row += dilation[0]) {
        for (let tap = 0; tap < kernel[1]; tap++) {
          const column = tap * dilation[1] - padding[2];
          const { begin, end } = insideRange(column, stride[1], output[1], width);
          raiseIndices(
            indices,
            line + begin,
            line + end,
            input,
            planeStart + row * width + column + begin * stride[1],
            stride[1],
          );
        }
      }
    }
    return indices;
  };
}

/**
 * Moves the indices of neighbouring windows to the elements at `at` and every `stride` after it, where those are larger.
 * All windows of a line take one tap after the other, without branches: which element is the largest cannot be predicted.
 */
function raiseIndices(
  indices: Int32Array,
  begin: number,
  end: number,
  input: FloatArray,
  at: number,
  stride: number,
): void {
  for (let window = begin; window < end; window = (window + 1) | 0, at = (at + stride) | 0) {
    const index = indices[window];
    const largest = input[index];
    // A NaN is not less or equal, so it gets in; and nothing gets in after it.
    const isLarger = Number(input[at] <= largest) ^ Number(!Number.isNaN(largest));
    indices[window] = index + Math.imul(at - index, isLarger);
  }
}
