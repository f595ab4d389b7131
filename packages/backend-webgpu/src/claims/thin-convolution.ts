/** Convolution with thin groups, such as a depthwise one, and its input's gradient: a sum per element, without patches. */
import type { NestEpilogue } from "@sconce/core";
import { type KernelPlan, spread } from "../kernels/pass.ts";
import { type ConvolutionShape, readInput, readOutput } from "./convolution-shape.ts";
import { finishingFunction, finishingNest, operandBuffers } from "./epilogue.ts";

const workgroup = 64;

/** (x, weight) to y. */
export function thinConvolution(shape: ConvolutionShape, epilogue: NestEpilogue | undefined): KernelPlan {
  const { groups, inputs, outputs, axes, outputArea, kernelArea, batch } = shape;
  const channels = groups * outputs;
  return plan(epilogue, {
    name: `thin_convolution_${batch}x${channels}_of_${axes.map(({ kernel }) => kernel).join("x")}`,
    count: batch * channels * outputArea,
    read: readInput("x0", axes, "plane", "place", "kernel"),
    area: outputArea,
    channels,
    turns: inputs,
    kernelArea,
    plane: `image * ${groups * inputs}u + channel / ${outputs}u * ${inputs}u + turn`,
    weight: `(channel * ${inputs}u + turn) * ${kernelArea}u + kernel`,
  });
}

/** (gradient of y, weight) to the gradient of x. */
export function thinInputGradient(shape: ConvolutionShape, epilogue: NestEpilogue | undefined): KernelPlan {
  const { groups, inputs, outputs, axes, inputArea, kernelArea, batch } = shape;
  const channels = groups * inputs;
  return plan(epilogue, {
    name: `thin_input_gradient_${batch}x${channels}_of_${axes.map(({ kernel }) => kernel).join("x")}`,
    count: batch * channels * inputArea,
    read: readOutput("x0", axes, "plane", "place", "kernel"),
    area: inputArea,
    channels,
    turns: outputs,
    kernelArea,
    plane: `image * ${groups * outputs}u + channel / ${inputs}u * ${outputs}u + turn`,
    weight: `((channel / ${inputs}u * ${outputs}u + turn) * ${inputs}u + channel % ${inputs}u) * ${kernelArea}u + kernel`,
  });
}

interface Sum {
  readonly name: string;
  /** Elements of the result, of which `area` make a plane and `channels` planes an image. */
  readonly count: number;
  readonly area: number;
  readonly channels: number;
  /** Planes to sum over, and elements of the kernel. */
  readonly turns: number;
  readonly kernelArea: number;
  /** Statements that read an operand at a plane, for a place of the result and an element of the kernel. */
  readonly read: string;
  readonly plane: string;
  readonly weight: string;
}

function plan(
  epilogue: NestEpilogue | undefined,
  { name, count, area, channels, turns, kernelArea, read, plane, weight }: Sum,
): KernelPlan {
  const operands = operandBuffers(epilogue);
  const groups = spread(Math.ceil(count / workgroup));
  const source = (): string => `
@group(0) @binding(0) var<storage, read> x0: array<f32>;
@group(0) @binding(1) var<storage, read> x1: array<f32>;
@group(0) @binding(${2 + operands.length}) var<storage, read_write> y0: array<f32>;

${finishingFunction(finishingNest(epilogue, [channels, area], count, 1))}

fn operand(plane: u32, place: u32, kernel: u32) -> f32 {
  ${read}
}

@compute @workgroup_size(${workgroup})
fn ${name}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = (group.y * ${groups[0]}u + group.x) * ${workgroup}u + local;
  if (at >= ${count}u) { return; }
  let image = at / ${area * channels}u;
  let channel = at / ${area}u % ${channels}u;
  var sum = 0.0f;
  for (var turn = 0u; turn < ${turns}u; turn++) {
    for (var kernel = 0u; kernel < ${kernelArea}u; kernel++) {
      sum += operand(${plane}, at % ${area}u, kernel) * x1[${weight}];
    }
  }
  y0[at] = finished(sum, at);
}`;
  const inputs = [...[0, 1].map((index) => ({ kind: "input", index }) as const), ...operands];
  return {
    name,
    passes: [{ name, inputs, outputs: [{ kind: "output", index: 0 }], groups, source }],
    temporaries: [],
  };
}
