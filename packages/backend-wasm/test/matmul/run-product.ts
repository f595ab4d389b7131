/** Runs a matrix product on a machine of its own memory, and the same in float64. */
import { f32x4 } from "../../src/assembler/simd.ts";
import type { Epilogue } from "../../src/kernels/epilogue.ts";
import type { KernelCode } from "../../src/kernels/kernel.ts";
import type { Machine, WasmBuffer } from "../../src/machine/machine.ts";
import type { ProductDescription } from "../../src/matmul/description.ts";
import { batchSize } from "../../src/matmul/description.ts";

/** Numbers between -1 and 1 that repeat for the same seed. */
export function numbers(length: number, seed: number): Float32Array {
  let state = seed * 2654435761 + 12345;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** What the kernel writes; fails where it writes beside its result. What lies around its inputs is NaN. */
export function runKernel(
  machine: Machine,
  code: KernelCode,
  inputs: readonly Float32Array[],
  length: number,
): Float32Array {
  const guard = 64;
  const guarded = (byteLength: number, fill: number): { readonly whole: WasmBuffer; readonly inner: WasmBuffer } => {
    const whole = machine.allocate(byteLength + 2 * guard);
    machine.bytes().fill(fill, whole.address, whole.address + whole.byteLength);
    return { whole, inner: { address: whole.address + guard, byteLength } };
  };
  const sources = inputs.map(({ byteLength }) => guarded(byteLength, 0xff));
  const result = guarded(4 * length, 0x7b);
  sources.forEach(({ inner }, i) => {
    const { buffer, byteOffset, byteLength } = inputs[i];
    machine.bytes().set(new Uint8Array(buffer, byteOffset, byteLength), inner.address);
  });
  machine.program([{ code, inputs: sources.map(({ inner }) => inner), outputs: [result.inner] }])();
  const bytes = machine.bytes().slice(result.whole.address, result.whole.address + result.whole.byteLength);
  for (const { whole } of [...sources, result]) machine.release(whole);
  const around = [...bytes.subarray(0, guard), ...bytes.subarray(guard + 4 * length)];
  if (around.some((byte) => byte !== 0x7b)) throw new Error(`${code.name} writes beside its result`);
  return new Float32Array(bytes.buffer, guard, length);
}

/** Elements of each operand. */
export function operandSizes({ m, n, k, batch }: ProductDescription): readonly [number, number] {
  const size = (matrix: number, stride: "a" | "b"): number =>
    batch.reduce((sum, axis) => sum + (axis.extent - 1) * axis[stride], matrix);
  return [size(m * k, "a"), size(k * n, "b")];
}

/** The results in float64, row-major, one matrix after the other. */
export function reference(description: ProductDescription, a: Float32Array, b: Float32Array): Float64Array {
  const { m, n, k, transposeA, transposeB, batch } = description;
  const results = new Float64Array(batchSize(description) * m * n);
  for (let product = 0; product < batchSize(description); product++) {
    let rest = product;
    let [aStart, bStart] = [0, 0];
    for (const axis of [...batch].reverse()) {
      aStart += (rest % axis.extent) * axis.a;
      bStart += (rest % axis.extent) * axis.b;
      rest = Math.floor(rest / axis.extent);
    }
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) {
          sum += a[aStart + (transposeA ? p * m + i : i * k + p)] * b[bStart + (transposeB ? j * k + p : p * n + j)];
        }
        results[(product * m + i) * n + j] = sum;
      }
    }
  }
  return results;
}

/** max(x * row + column, element): an operand of each kind. */
export const affineMaximum: Epilogue = {
  operands: ["row", "column", "element"],
  emit: (_module, _f, value, [row, column, element]) => f32x4.max(f32x4.add(f32x4.mul(value, row), column), element),
};
