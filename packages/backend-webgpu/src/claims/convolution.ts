/**
 * The claims of convolution and its two gradients as products of matrices that are never stored: a convolution multiplies
 * weights [out, in x kernel] with patches [in x kernel, images x places]; `batch` numbers the groups. The patches of a
 * pointwise convolution are the image itself.
 */
import { type ConvolutionShape, convolutionShape, isThin, readInput, readOutput } from "./convolution-shape.ts";
import { type Operand, type Product, stored } from "./product.ts";
import { productPlans } from "./product-plan.ts";
import type { Claim } from "./request.ts";
import { thinConvolution, thinInputGradient } from "./thin-convolution.ts";

/** (x, weight) to y. */
export const claimConvolution: Claim = (request, target, epilogue) => {
  const [x, weight] = request.inputs;
  const shape = convolutionShape(request, x.shape, weight.shape, request.output.shape);
  if (!shape) return [];
  if (isThin(shape)) return [thinConvolution(shape, epilogue)];
  const { batch, groups, inputs, outputs, axes, outputArea, kernelArea } = shape;
  const inner = inputs * kernelArea;
  const channel = `(column / ${outputArea}u * ${groups * inputs}u + batch * ${inputs}u + k / ${kernelArea}u)`;
  const place = `(column % ${outputArea}u)`;
  return productPlans(
    {
      name: `convolution_${request.output.shape.join("x")}_of_${weight.shape.join("x")}`,
      inner,
      a: stored(1, true, `(batch * ${outputs}u + row) * ${inner}u + k`, inner),
      b: patches(shape, false, outputArea, channel, place, () =>
        readInput("x0", axes, channel, place, `(k % ${kernelArea}u)`),
      ),
      ...images(groups, outputs, batch, outputArea),
    },
    request.output.shape,
    target,
    epilogue,
  );
};

/** (gradient of y, weight) to the gradient of x: weights [in, out x kernel] times [out x kernel, images x places of x]. */
export const claimInputGradient: Claim = (request, target, epilogue) => {
  const [y, weight] = request.inputs;
  const shape = convolutionShape(request, request.output.shape, weight.shape, y.shape);
  if (!shape) return [];
  if (isThin(shape)) return [thinInputGradient(shape, epilogue)];
  const { batch, groups, inputs, outputs, axes, inputArea, kernelArea } = shape;
  const channel = `(column / ${inputArea}u * ${groups * outputs}u + batch * ${outputs}u + k / ${kernelArea}u)`;
  const place = `(column % ${inputArea}u)`;
  const weights =
    kernelArea === 1
      ? stored(1, false, `(batch * ${outputs}u + k) * ${inputs}u + row`, inputs)
      : stored(
          1,
          true,
          `((batch * ${outputs}u + k / ${kernelArea}u) * ${inputs}u + row) * ${kernelArea}u + k % ${kernelArea}u`,
          kernelArea,
        );
  return productPlans(
    {
      name: `convolution_input_gradient_${request.output.shape.join("x")}_of_${weight.shape.join("x")}`,
      inner: outputs * kernelArea,
      a: weights,
      b: patches(shape, false, inputArea, channel, place, () =>
        readOutput("x0", axes, channel, place, `(k % ${kernelArea}u)`),
      ),
      ...images(groups, inputs, batch, inputArea),
    },
    request.output.shape,
    target,
    epilogue,
  );
};

/** (x, gradient of y) to the gradient of the weight: [out, images x places] times patches [images x places, in x kernel]. */
export const claimWeightGradient: Claim = (request, target) => {
  const [x, y] = request.inputs;
  const shape = convolutionShape(request, x.shape, request.output.shape, y.shape);
  // With thin groups, every element is a long sum of its own: workgroups share it as a loop nest.
  if (!shape || isThin(shape)) return [];
  const { batch, groups, inputs, outputs, axes, outputArea, kernelArea } = shape;
  const columns = inputs * kernelArea;
  const channel = `(k / ${outputArea}u * ${groups * inputs}u + batch * ${inputs}u + column / ${kernelArea}u)`;
  const place = `(k % ${outputArea}u)`;
  const gradients = `(k / ${outputArea}u * ${groups * outputs}u + batch * ${outputs}u + row) * ${outputArea}u + k % ${outputArea}u`;
  return productPlans(
    {
      name: `convolution_weight_gradient_${request.output.shape.join("x")}_of_${y.shape.join("x")}`,
      rows: outputs,
      columns,
      inner: batch * outputArea,
      batch: groups,
      a: stored(1, true, gradients, outputArea),
      b: patches(shape, true, outputArea, channel, place, () =>
        readInput("x0", axes, channel, place, `(column % ${kernelArea}u)`),
      ),
      position: `return (batch * ${outputs}u + row) * ${columns}u + column;`,
      run: columns,
      view: [outputs, columns],
    },
    request.output.shape,
    target,
    undefined,
  );
};

/** Patches of images with planes of `area` elements: computed by `read`, unless the convolution is pointwise. */
function patches(
  { axes }: ConvolutionShape,
  alongInner: boolean,
  area: number,
  plane: string,
  place: string,
  read: () => string,
): Operand {
  const isPointwise = axes.every(
    ({ kernel, stride, before, input, output }) => kernel === 1 && stride === 1 && before === 0 && input === output,
  );
  return isPointwise
    ? stored(0, alongInner, `${plane} * ${area}u + ${place}`, area)
    : { input: 0, alongInner, read: read() };
}

/** A product whose rows are channels of a group, and whose columns are places of all images. */
function images(
  groups: number,
  channels: number,
  batch: number,
  area: number,
): Pick<Product, "rows" | "columns" | "batch" | "position" | "run" | "view"> {
  return {
    rows: channels,
    columns: batch * area,
    batch: groups,
    position: `return (column / ${area}u * ${groups * channels}u + batch * ${channels}u + row) * ${area}u + column % ${area}u;`,
    run: area,
    view: [groups * channels, area],
  };
}
