/** The claim of matmul: packed panels, with a broadcast operand's batch offsets repeated. */
import type { Kernel, MatmulAttributes, OpRequest, Shape } from "@sconce/core";
import { sizeOf } from "@sconce/core";
import type { CpuBuffer } from "../buffer.ts";
import { matmul } from "../kernels/matmul.ts";
import { floatKernel, isPlainFloat } from "./kernel.ts";

export function claimMatmul(request: OpRequest): Kernel<CpuBuffer> | undefined {
  if (!isPlainFloat(request)) return undefined;
  const { transposeA, transposeB } = request.attributes as MatmulAttributes;
  const [a, b] = request.inputs.map(({ shape }) => shape);
  const output = request.output.shape;
  const [m, n] = output.slice(-2);
  const k = a[a.length - (transposeA ? 2 : 1)];
  const batch = output.slice(0, -2);
  const offsets = {
    left: batchOffsets(a.slice(0, -2), batch, m * k),
    right: batchOffsets(b.slice(0, -2), batch, k * n),
    output: batchOffsets(batch, batch, m * n),
  };
  const shape = { m, n, k, transposeLeft: transposeA, transposeRight: transposeB };
  return floatKernel(request, (result, [left, right]) => matmul(result, left, right, shape, offsets));
}

/** Where each matrix of a batch starts, axes of extent 1 (or absent) being repeated. */
function batchOffsets(own: Shape, batch: Shape, matrixSize: number): Int32Array {
  const offsets = new Int32Array(sizeOf(batch));
  for (let i = 0; i < offsets.length; i++) {
    let rest = i;
    let stride = matrixSize;
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const extent = own[axis - batch.length + own.length] ?? 1;
      if (extent > 1) offsets[i] += (rest % batch[axis]) * stride;
      rest = Math.floor(rest / batch[axis]);
      stride *= extent;
    }
  }
  return offsets;
}
