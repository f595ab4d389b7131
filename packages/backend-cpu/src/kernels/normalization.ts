/**
 * Normalization to mean 0 and variance 1, with a scale and a shift, and its gradient: batch, layer, group and instance norm.
 *
 * The elements that share statistics, a group, are a number of runs: the images of a channel in batch norm, the channels
 * of a group in group norm, a single run in layer norm. Mean and biased variance come from one pass over a
 * group, of deviations from its first element so that a large mean costs no digits.
 */
import type { FloatArray } from "./panels.ts";
import { createScratch } from "./scratch.ts";

/** Which elements share statistics. */
export interface NormalizationLayout {
  readonly groups: number;
  /** Distance between the first elements of neighbouring groups. */
  readonly groupStride: number;
  readonly runs: number;
  /** Distance between the first elements of neighbouring runs. */
  readonly runStride: number;
  /** Elements of a run. */
  readonly length: number;
  /** Distance between neighbouring elements of a run. */
  readonly stride: number;
}

/**
 * A scale or shift. That of element `i` of a run is at
 * (group % period) * groupStride + run * runStride + i * stride; strides of 0 repeat.
 */
export interface NormalizationParameter {
  readonly values: FloatArray;
  readonly period: number;
  readonly groupStride: number;
  readonly runStride: number;
  readonly stride: number;
}

const scaleScratch = /* @__PURE__ */ createScratch();
const shiftScratch = /* @__PURE__ */ createScratch();

/** output = (input - mean) / sqrt(variance + epsilon) * scale + shift, with the statistics of each group of the input. */
export function normalize(
  output: FloatArray,
  input: FloatArray,
  layout: NormalizationLayout,
  epsilon: number,
  scale?: NormalizationParameter,
  shift?: NormalizationParameter,
): void {
  const { groups, groupStride, runs, runStride, length, stride } = layout;
  const scales = scaleScratch(length),
    shifts = shiftScratch(length);
  const scaleRun = runLoader(scales, scale, length, 1),
    shiftRun = runLoader(shifts, shift, length, 0);
  for (let group = 0; group < groups; group++) {
    const { mean, inverse } = moments(input, group * groupStride, layout, epsilon);
    for (let run = 0; run < runs; run++) {
      scaleRun(group, run);
      shiftRun(group, run);
      let at = group * groupStride + run * runStride;
      for (let i = 0; i < length; i = (i + 1) | 0, at = (at + stride) | 0) {
        output[at] = (input[at] - mean) * inverse * scales[i] + shifts[i];
      }
    }
  }
}

/** The gradient with respect to the input of `normalize`, given that with respect to its output. */
export function normalizeInputGradient(
  inputGradient: FloatArray,
  outputGradient: FloatArray,
  input: FloatArray,
  layout: NormalizationLayout,
  epsilon: number,
  scale?: NormalizationParameter,
): void {
  const { groups, groupStride, runs, runStride, length, stride } = layout;
  const count = runs * length;
  const scales = scaleScratch(length);
  const scaleRun = runLoader(scales, scale, length, 1);
  for (let group = 0; group < groups; group++) {
    const { mean, inverse } = moments(input, group * groupStride, layout, epsilon);
    // With h = g * scale and s the normalized input: dx = (h - mean(h) - s * mean(h * s)) / deviation.
    let sum = 0,
      along = 0;
    for (let run = 0; run < runs; run++) {
      scaleRun(group, run);
      let at = group * groupStride + run * runStride;
      for (let i = 0; i < length; i = (i + 1) | 0, at = (at + stride) | 0) {
        const scaled = outputGradient[at] * scales[i];
        sum += scaled;
        along += scaled * (input[at] - mean);
      }
    }
    const average = sum / count,
      slope = (along / count) * inverse * inverse;
    for (let run = 0; run < runs; run++) {
      scaleRun(group, run);
      let at = group * groupStride + run * runStride;
      for (let i = 0; i < length; i = (i + 1) | 0, at = (at + stride) | 0) {
        inputGradient[at] = (outputGradient[at] * scales[i] - average - (input[at] - mean) * slope) * inverse;
      }
    }
  }
}

/** The mean of a group and the inverse of its standard deviation. */
function moments(
  input: FloatArray,
  start: number,
  { runs, runStride, length, stride }: NormalizationLayout,
  epsilon: number,
): { mean: number; inverse: number } {
  const pivot = input[start];
  let sum = 0,
    squares = 0;
  for (let run = 0; run < runs; run++) {
    let at = start + run * runStride;
    for (let i = 0; i < length; i = (i + 1) | 0, at = (at + stride) | 0) {
      const deviation = input[at] - pivot;
      sum += deviation;
      squares += deviation * deviation;
    }
  }
  const shift = sum / (runs * length);
  const variance = Math.max(0, squares / (runs * length) - shift * shift);
  return { mean: pivot + shift, inverse: 1 / Math.sqrt(variance + epsilon) };
}

/** A function that fills `target` with the values for one run, unless they are there already. */
function runLoader(
  target: Float64Array,
  parameter: NormalizationParameter | undefined,
  length: number,
  neutral: number,
): (group: number, run: number) => void {
  if (!parameter) {
    target.fill(neutral, 0, length);
    return () => {};
  }
  const { values, period, groupStride, runStride, stride } = parameter;
  let loaded = -1;
  return (group, run) => {
    const start = (group % period) * groupStride + run * runStride;
    if (start === loaded) return;
    loaded = start;
    if (stride === 0) target.fill(values[start], 0, length);
    else for (let i = 0, at = start; i < length; i++, at += stride) target[i] = values[at];
  };
}
