/** The claim of matmul: float32, with batch axes that may broadcast. */
import { type MatmulAttributes, type Shape, sizeOf } from "@sconce/core";
import { stored } from "./product.ts";
import { productPlans } from "./product-plan.ts";
import { type Claim, isFloat32 } from "./request.ts";

export const claimMatmul: Claim = (request, target, epilogue) => {
  if (!isFloat32(request)) return [];
  const { transposeA, transposeB } = request.attributes as MatmulAttributes;
  const [a, b] = request.inputs.map(({ shape }) => shape);
  const { shape } = request.output;
  const [rows, columns] = shape.slice(-2);
  const inner = a[a.length - (transposeA ? 2 : 1)];
  if (sizeOf(shape) * inner === 0) return [];
  const lead = shape.slice(0, -2);
  const aPosition = transposeA ? `k * ${rows}u + row` : `row * ${inner}u + k`;
  const bPosition = transposeB ? `column * ${inner}u + k` : `k * ${columns}u + column`;
  return productPlans(
    {
      name: `matmul_${rows}x${columns}x${inner}`,
      rows,
      columns,
      inner,
      batch: sizeOf(lead),
      a: stored(0, !transposeA, `${batchOffset(lead, a)} + ${aPosition}`, transposeA ? rows : inner),
      b: stored(1, transposeB, `${batchOffset(lead, b)} + ${bPosition}`, transposeB ? inner : columns),
      position: `return batch * ${rows * columns}u + row * ${columns}u + column;`,
      run: columns,
      view: [rows, columns],
    },
    shape,
    target,
    epilogue,
  );
};

/** Where the matrix of `batch` starts in an operand; one that lacks an axis, or has extent 1 there, is repeated along it. */
function batchOffset(lead: Shape, operand: Shape): string {
  const terms = lead.flatMap((extent, axis) => {
    const own = axis - lead.length + operand.length - 2;
    if (extent === 1 || own < 0 || operand[own] === 1) return [];
    const inner = sizeOf(lead.slice(axis + 1));
    const step = sizeOf(operand.slice(own + 1));
    return [`batch / ${inner}u % ${extent}u * ${step}u`];
  });
  return terms.length > 0 ? terms.join(" + ") : "0u";
}
