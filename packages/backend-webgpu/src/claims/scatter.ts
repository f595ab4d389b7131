/**
 * The claims of adding at positions: work that grows with the updates, where a loop nest looks through all updates for
 * every element of the result. Floats have no atomic addition in WGSL: each is a loop that exchanges the bits of a sum if
 * they are still those it was made from. The order of additions, and so their rounding, is that of arrival.
 */
import { type OpRequest, sizeOf } from "@sconce/core";
import { type KernelPlan, type Pass, spread } from "../kernels/pass.ts";
import { isFloat32 } from "./request.ts";

/** (updates, indices of the same shape). */
export function claimScatterAdd(request: OpRequest): KernelPlan | undefined {
  return claim(request, 1, true);
}

/** (updates, one index for each slice along the axis). */
export function claimTakeAdd(request: OpRequest): KernelPlan | undefined {
  return claim(request, request.inputs[1].shape.length, false);
}

const workgroup = 64;
/** Up to this many updates per element, looking through them is as quick. */
const fewUpdates = 16;

function claim(request: OpRequest, indexAxes: number, each: boolean): KernelPlan | undefined {
  const [{ shape: updates }, indices] = request.inputs;
  if (!isFloat32(request) || indices.dtype !== "int32") return undefined;
  const { axis, extent } = request.attributes as { readonly axis: number; readonly extent: number };
  const count = sizeOf(updates.slice(axis, axis + indexAxes));
  const inner = sizeOf(updates.slice(axis + indexAxes));
  const [total, size] = [sizeOf(updates), sizeOf(request.output.shape)];
  if (total === 0 || size === 0 || count <= fewUpdates) return undefined;
  const name = `${request.op === "takeAdd" ? "take_add" : "scatter_add"}_${request.output.shape.join("x")}`;
  const add = `
@group(0) @binding(0) var<storage, read> updates: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> y0: array<atomic<u32>>;
`;
  const addStatements = `
  let destination = indices[${each ? "at" : `at / ${inner}u % ${count}u`}];
  if (destination < 0 || destination >= ${extent}) { return; }
  let place = (at / ${count * inner}u * ${extent}u + u32(destination)) * ${inner}u + at % ${inner}u;
  let update = updates[at];
  var before = atomicLoad(&y0[place]);
  loop {
    let exchange = atomicCompareExchangeWeak(&y0[place], before, bitcast<u32>(bitcast<f32>(before) + update));
    if (exchange.exchanged) { break; }
    before = exchange.old_value;
  }`;
  const zero = "@group(0) @binding(0) var<storage, read_write> y0: array<u32>;\n";
  const output = { kind: "output", index: 0 } as const;
  const inputs = [0, 1].map((index) => ({ kind: "input", index }) as const);
  return {
    name,
    passes: [
      pass(`zeros_for_${name}`, size, zero, "\n  y0[at] = 0u;", { inputs: [], outputs: [output] }),
      pass(name, total, add, addStatements, { inputs, outputs: [output] }),
    ],
    temporaries: [],
  };
}

function pass(
  name: string,
  count: number,
  bindings: string,
  statements: string,
  buffers: Pick<Pass, "inputs" | "outputs">,
): Pass {
  const groups = spread(Math.ceil(count / workgroup));
  const source = (): string => `${bindings}
@compute @workgroup_size(${workgroup})
fn ${name}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = (group.y * ${groups[0]}u + group.x) * ${workgroup}u + local;
  if (at >= ${count}u) { return; }${statements}
}`;
  return { name, groups, source, ...buffers };
}
