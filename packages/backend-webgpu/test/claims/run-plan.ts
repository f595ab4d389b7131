/** Runs the plan of a claimed kernel on float32 inputs. */
import type { Engine } from "../../src/device/engine.ts";
import { WebGpuKernel } from "../../src/kernels/kernel.ts";
import type { KernelPlan } from "../../src/kernels/pass.ts";

export async function runPlan(
  engine: Engine,
  plan: KernelPlan,
  inputs: readonly Float32Array[],
  size: number,
): Promise<Float32Array> {
  const read = inputs.map((values) => {
    const buffer = engine.buffers.allocate(values.byteLength);
    engine.write(buffer, values);
    return buffer;
  });
  const written = engine.buffers.allocate(4 * size);
  const kernel = await new WebGpuKernel(plan, engine).compile();
  kernel.run(read, [written]);
  const result = new Float32Array(await engine.buffers.read(written, 4 * size));
  for (const buffer of [...read, written]) engine.buffers.release(buffer);
  return result;
}
