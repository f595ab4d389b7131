/** Matrix products, as addon/dnnl/matmul.h describes them. */
import type { MatmulAttributes, OpRequest, Shape } from "@sconce/core";
import { isPlainFloat } from "./index.ts";
import { describePostOperations } from "./post-operations.ts";

export function describeMatmul(request: OpRequest, bfloat16: boolean): readonly number[] | undefined {
  if (!isPlainFloat(request)) return undefined;
  const { transposeA, transposeB } = request.attributes as MatmulAttributes;
  const [a, b] = request.inputs.map(({ shape }) => shape);
  const { shape } = request.output;
  const [rows, columns] = shape.slice(-2);
  const depth = a[a.length - (transposeA ? 2 : 1)];
  const batch = shape.slice(0, -2);
  // oneDNN takes up to 12 dimensions, the addon's description 8 for the batch.
  if (batch.length > 8) return undefined;
  const after = describePostOperations(request);
  if (!after) return undefined;
  return [
    batch.length,
    ...batch,
    batch.length,
    ...batchStrides(a.slice(0, -2), batch, rows * depth),
    batch.length,
    ...batchStrides(b.slice(0, -2), batch, depth * columns),
    rows,
    columns,
    depth,
    Number(transposeA),
    Number(transposeB),
    Number(bfloat16),
    ...after,
  ];
}

/** The strides of an operand's batch axes, 0 where it is repeated. */
function batchStrides(own: Shape, batch: Shape, matrixSize: number): number[] {
  const strides = new Array<number>(batch.length).fill(0);
  let stride = matrixSize;
  for (let axis = batch.length - 1; axis >= 0; axis--) {
    const extent = own[axis - batch.length + own.length] ?? 1;
    if (extent > 1) strides[axis] = stride;
    stride *= extent;
  }
  return strides;
}
