/** From a request about a convolution to its sizes, and the WGSL that walks its axes. */
import { type ConvolutionAttributes, type OpRequest, type Shape, sizeOf } from "@sconce/core";
import { isFloat32 } from "./request.ts";

/** One spatial axis. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

export interface ConvolutionShape {
  readonly batch: number;
  readonly groups: number;
  /** Per group. */
  readonly inputs: number;
  readonly outputs: number;
  readonly axes: readonly Axis[];
  /** Elements of an image of x, of an image of y, and of a kernel. */
  readonly inputArea: number;
  readonly outputArea: number;
  readonly kernelArea: number;
}

/** The sizes of a request on x, weight and y; undefined for what is not claimed: other dtypes, nothing to do. */
export function convolutionShape(request: OpRequest, x: Shape, weight: Shape, y: Shape): ConvolutionShape | undefined {
  const { stride, padding, dilation, groups } = request.attributes as ConvolutionAttributes;
  if (!isFloat32(request) || [x, weight, y].some((shape) => shape.includes(0))) return undefined;
  return {
    batch: x[0],
    groups,
    inputs: x[1] / groups,
    outputs: y[1] / groups,
    axes: stride.map((step, i) => ({
      input: x[2 + i],
      output: y[2 + i],
      kernel: weight[2 + i],
      stride: step,
      dilation: dilation[i],
      before: padding[i][0],
    })),
    inputArea: sizeOf(x.slice(2)),
    outputArea: sizeOf(y.slice(2)),
    kernelArea: sizeOf(weight.slice(2)),
  };
}

/** Whether groups are so thin, as in a depthwise convolution, that a product of matrices would consist of edges. */
export function isThin({ groups, inputs, outputs }: ConvolutionShape): boolean {
  return groups > 1 && inputs * outputs <= 4;
}

/** Statements that give `name0`, `name1`, .. the positions in a flat index over `extents`. */
function positions(name: string, flat: string, extents: readonly number[]): string[] {
  return extents.map((extent, axis) => {
    const inner = sizeOf(extents.slice(axis + 1));
    return `let ${name}${axis} = i32(${flat} / ${inner}u % ${extent}u);`;
  });
}

/** The flat index of `name0`, `name1`, .. */
function flatIndex(name: string, extents: readonly number[]): string {
  return extents.reduce((sum, extent, axis) => (axis === 0 ? `${name}0` : `(${sum}) * ${extent} + ${name}${axis}`), "");
}

/** Statements that return the element of x below kernel element `kernel` at output `out`; `plane` is the number of the image. */
export function readInput(array: string, axes: readonly Axis[], plane: string, out: string, kernel: string): string {
  const inside = axes.map(({ input }, i) => `s${i} >= 0 && s${i} < ${input}`).join(" && ");
  const extents = axes.map(({ input }) => input);
  return [
    ...positions(
      "o",
      out,
      axes.map(({ output }) => output),
    ),
    ...positions(
      "w",
      kernel,
      axes.map((axis) => axis.kernel),
    ),
    ...axes.map(
      ({ stride, dilation, before }, i) => `let s${i} = o${i} * ${stride} + w${i} * ${dilation} - ${before};`,
    ),
    `if (!(${inside})) { return 0.0f; }`,
    `return ${array}[${plane} * ${sizeOf(extents)}u + u32(${flatIndex("s", extents)})];`,
  ].join("\n  ");
}

/** Statements that return the element of y whose window has input `at` at kernel element `kernel`. */
export function readOutput(array: string, axes: readonly Axis[], plane: string, at: string, kernel: string): string {
  const extents = axes.map(({ output }) => output);
  const inside = axes
    .map(({ output, stride }, i) => `d${i} >= 0 && d${i} % ${stride} == 0 && d${i} / ${stride} < ${output}`)
    .join(" && ");
  return [
    ...positions(
      "s",
      at,
      axes.map(({ input }) => input),
    ),
    ...positions(
      "w",
      kernel,
      axes.map((axis) => axis.kernel),
    ),
    ...axes.map(({ dilation, before }, i) => `let d${i} = s${i} + ${before} - w${i} * ${dilation};`),
    `if (!(${inside})) { return 0.0f; }`,
    ...axes.map(({ stride }, i) => `let o${i} = d${i} / ${stride};`),
    `return ${array}[${plane} * ${sizeOf(extents)}u + u32(${flatIndex("o", extents)})];`,
  ].join("\n  ");
}
