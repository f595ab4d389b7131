/**
 * The claims of convolution and its two gradients as products of matrices that are never stored: a convolution multiplies
 * weights [out, in x kernel] with patches [in x kernel, images x places]; `batch` numbers the groups.
 */
import type { OpRequest } from "@sconce/core";
import type { KernelPlan } from "../kernels/pass.ts";
import { convolutionShape, isThin, readInput, readOutput } from "./convolution-shape.ts";
import { productPlan } from "./product-plan.ts";
import { thinConvolution, thinInputGradient } from "./thin-convolution.ts";

/** (x, weight) to y. */
export function claimConvolution(request: OpRequest): KernelPlan | undefined {
  const [x, weight] = request.inputs;
  const shape = convolutionShape(request, x.shape, weight.shape, request.output.shape);
  if (!shape) return undefined;
  if (isThin(shape)) return thinConvolution(shape);
  const { batch, groups, inputs, outputs, axes, outputArea, kernelArea } = shape;
  const inner = inputs * kernelArea;
  const channel = `(column / ${outputArea}u * ${groups * inputs}u + batch * ${inputs}u + k / ${kernelArea}u)`;
  return productPlan(
    {
      name: `convolution_${request.output.shape.join("x")}_of_${weight.shape.join("x")}`,
      rows: outputs,
      columns: batch * outputArea,
      inner,
      batch: groups,
      a: `return x1[(batch * ${outputs}u + row) * ${inner}u + k];`,
      b: readInput("x0", axes, channel, `(column % ${outputArea}u)`, `(k % ${kernelArea}u)`),
      aAlongInner: true,
      bAlongInner: false,
      position: `return (column / ${outputArea}u * ${groups * outputs}u + batch * ${outputs}u + row) * ${outputArea}u + column % ${outputArea}u;`,
    },
    request.output.shape,
  );
}

/** (gradient of y, weight) to the gradient of x: weights [in, out x kernel] times [out x kernel, images x places of x]. */
export function claimInputGradient(request: OpRequest): KernelPlan | undefined {
  const [y, weight] = request.inputs;
  const shape = convolutionShape(request, request.output.shape, weight.shape, y.shape);
  if (!shape) return undefined;
  if (isThin(shape)) return thinInputGradient(shape);
  const { batch, groups, inputs, outputs, axes, inputArea, kernelArea } = shape;
  const channel = `(column / ${inputArea}u * ${groups * outputs}u + batch * ${outputs}u + k / ${kernelArea}u)`;
  return productPlan(
    {
      name: `convolution_input_gradient_${request.output.shape.join("x")}_of_${weight.shape.join("x")}`,
      rows: inputs,
      columns: batch * inputArea,
      inner: outputs * kernelArea,
      batch: groups,
      a: `return x1[((batch * ${outputs}u + k / ${kernelArea}u) * ${inputs}u + row) * ${kernelArea}u + k % ${kernelArea}u];`,
      b: readOutput("x0", axes, channel, `(column % ${inputArea}u)`, `(k % ${kernelArea}u)`),
      aAlongInner: true,
      bAlongInner: false,
      position: `return (column / ${inputArea}u * ${groups * inputs}u + batch * ${inputs}u + row) * ${inputArea}u + column % ${inputArea}u;`,
    },
    request.output.shape,
  );
}

/** (x, gradient of y) to the gradient of the weight: [out, images x places] times patches [images x places, in x kernel]. */
export function claimWeightGradient(request: OpRequest): KernelPlan | undefined {
  const [x, y] = request.inputs;
  const shape = convolutionShape(request, x.shape, request.output.shape, y.shape);
  // With thin groups, every element is a long sum of its own: workgroups share it as a loop nest.
  if (!shape || isThin(shape)) return undefined;
  const { batch, groups, inputs, outputs, axes, outputArea, kernelArea } = shape;
  const columns = inputs * kernelArea;
  const channel = `(k / ${outputArea}u * ${groups * inputs}u + batch * ${inputs}u + column / ${kernelArea}u)`;
  return productPlan(
    {
      name: `convolution_weight_gradient_${request.output.shape.join("x")}_of_${y.shape.join("x")}`,
      rows: outputs,
      columns,
      inner: batch * outputArea,
      batch: groups,
      a: `return x1[(k / ${outputArea}u * ${groups * outputs}u + batch * ${outputs}u + row) * ${outputArea}u + k % ${outputArea}u];`,
      b: readInput("x0", axes, channel, `(k % ${outputArea}u)`, `(column % ${kernelArea}u)`),
      aAlongInner: true,
      bAlongInner: true,
      position: `return (batch * ${outputs}u + row) * ${columns}u + column;`,
    },
    request.output.shape,
  );
}
