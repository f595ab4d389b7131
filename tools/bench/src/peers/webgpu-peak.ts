/**
 * The peak of an adapter's fused multiply-add: as many of them as a work has, on registers alone. usage: node webgpu-peak.js
 * MODE (see dawn.ts)
 *
 * Each invocation turns over eight sums of four lanes, enough of them to hide an instruction's latency.
 */
import { operationsOf, type Work } from "../workloads.ts";
import { type GpuMode, provideGpu } from "./dawn.ts";
import { serve, type Task } from "./serve.ts";

const sums = 8;
const workgroup = 256;
const workgroups = 4096;
const operationsPerTurn = sums * 4 * 2 * workgroup * workgroups;
/** Usage as storage; results are never read. */
const storage = 0x80;

const each = (emit: (sum: number) => string): string => Array.from({ length: sums }, (_, i) => emit(i)).join("\n  ");

/** The factor is close to 1 and read from memory, so that no turn can be foreseen. */
const shader = (turns: number): string => `
@group(0) @binding(0) var<storage, read_write> factor: array<vec4f, ${workgroup}>;

@compute @workgroup_size(${workgroup})
fn multiply_add(@builtin(local_invocation_index) local: u32) {
  let by = factor[local];
  ${each((i) => `var sum${i} = by + f32(${i});`)}
  for (var turn = 0u; turn < ${turns}u; turn++) {
    ${each((i) => `sum${i} = fma(sum${i}, by, by);`)}
  }
  if (all(${each((i) => `sum${i} +`)} by == vec4f(1.5f))) { factor[local] = by; }
}`;

await serve(prepare, () => provideGpu(process.argv[2] as GpuMode));
process.exit();

async function prepare(work: Work): Promise<Task> {
  const operations = operationsOf(work);
  if (operations === undefined) throw new Error(`webgpu-peak: no work of kind ${work.kind}`);
  const adapter = (await navigator.gpu.requestAdapter({ powerPreference: "high-performance" })) as GPUAdapter;
  const device = await adapter.requestDevice();
  // Short works are repeated until the start of a dispatch is no matter.
  const turns = Math.max(1, Math.round(operations / operationsPerTurn));
  const module = device.createShaderModule({ code: shader(turns) });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
  const buffer = device.createBuffer({ size: 16 * workgroup, usage: storage });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer } }],
  });
  const run = async (): Promise<void> => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(workgroups);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
  };
  return { run, answer: () => [], repeats: (turns * operationsPerTurn) / operations };
}
