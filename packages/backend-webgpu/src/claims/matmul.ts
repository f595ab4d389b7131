/** The claim of matmul: float32, with batch axes that may broadcast. */
import { type MatmulAttributes, type OpRequest, type Shape, sizeOf } from "@sconce/core";
import type { KernelPlan } from "../kernels/pass.ts";
import { productPlan } from "./product-plan.ts";
import { isFloat32 } from "./request.ts";

export function claimMatmul(request: OpRequest): KernelPlan | undefined {
  if (!isFloat32(request)) return undefined;
  const { transposeA, transposeB } = request.attributes as MatmulAttributes;
  const [a, b] = request.inputs.map(({ shape }) => shape);
  const { shape } = request.output;
  const [rows, columns] = shape.slice(-2);
  const inner = a[a.length - (transposeA ? 2 : 1)];
  if (sizeOf(shape) * inner === 0) return undefined;
  const lead = shape.slice(0, -2);
  return productPlan(
    {
      name: `matmul_${rows}x${columns}x${inner}`,
      rows,
      columns,
      inner,
      batch: sizeOf(lead),
      a: `return x0[${batchOffset(lead, a)} + ${transposeA ? `k * ${rows}u + row` : `row * ${inner}u + k`}];`,
      b: `return x1[${batchOffset(lead, b)} + ${transposeB ? `column * ${inner}u + k` : `k * ${columns}u + column`}];`,
      aAlongInner: !transposeA,
      bAlongInner: transposeB,
      position: `return batch * ${rows * columns}u + row * ${columns}u + column;`,
    },
    shape,
  );
}

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
