/**
 * The claims of adding at positions: work that grows with the updates, where a loop nest looks through all updates for
 * every element of the result.
 *
 * Adding at once would need atomic additions, whose order, and so their rounding, is that of arrival. Instead the updates
 * of each destination are linked: the first is the least position that an atomic minimum finds, and every update looks
 * ahead for the next of the same destination. An invocation per element of the result then follows its chain, so that the
 * additions are in the order of the updates. Long lists of updates are linked in pieces, which bounds the looking ahead.
 */
import { type OpRequest, sizeOf } from "@sconce/core";
import { type KernelPlan, type Pass, spread } from "../kernels/pass.ts";
import { type Claim, isFloat32 } from "./request.ts";

/** (updates, indices of the same shape). */
export const claimScatterAdd: Claim = (request) => claim(request, 1, true);

/** (updates, one index for each slice along the axis). */
export const claimTakeAdd: Claim = (request) => claim(request, request.inputs[1].shape.length, false);

const workgroup = 64;
/** Up to this many updates per element, looking through them is as quick. */
const fewUpdates = 16;
/** Updates that are linked with each other. */
const longestPiece = 8192;
/** Links take no more memory than any binding may. */
const mostBytes = 2 ** 27;

function claim(request: OpRequest, indexAxes: number, each: boolean): readonly KernelPlan[] {
  const [{ shape: updates }, indices] = request.inputs;
  if (!isFloat32(request) || indices.dtype !== "int32") return [];
  const { axis, extent } = request.attributes as { readonly axis: number; readonly extent: number };
  const count = sizeOf(updates.slice(axis, axis + indexAxes));
  const inner = sizeOf(updates.slice(axis + indexAxes));
  const [total, size] = [sizeOf(updates), sizeOf(request.output.shape)];
  if (total === 0 || size === 0 || count <= fewUpdates) return [];
  // A lane is a list of indices of its own: one for all slices, or one for each element across the axis.
  const across = each ? inner : 1;
  const lanes = each ? total / count : 1;
  const pieces = Math.ceil(count / longestPiece);
  const heads = pieces * lanes * extent;
  if (4 * Math.max(heads, lanes * count) > mostBytes) return [];
  const suffix = `${request.op === "takeAdd" ? "take_add" : "scatter_add"}_${request.output.shape.join("x")}`;
  const none = "0xffffffffu";
  const [values, targets] = [0, 1].map((index) => ({ kind: "input", index }) as const);
  const [first, next] = [0, 1].map((index) => ({ kind: "temporary", index }) as const);
  return [
    {
      name: suffix,
      passes: [
        pass(`no_updates_for_${suffix}`, heads, "@group(0) @binding(0) var<storage, read_write> first: array<u32>;", {
          inputs: [],
          outputs: [first],
          statements: `first[at] = ${none};`,
        }),
        pass(
          `link_updates_of_${suffix}`,
          lanes * count,
          `@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read_write> first: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> next: array<u32>;`,
          {
            inputs: [targets],
            outputs: [first, next],
            statements: `let update = at / ${across}u % ${count}u;
  let lane = at / ${count * across}u * ${across}u + at % ${across}u;
  let piece = update / ${longestPiece}u;
  let destination = indices[at];
  if (destination < 0 || destination >= ${extent}) { return; }
  atomicMin(&first[(piece * ${lanes}u + lane) * ${extent}u + u32(destination)], update);
  let end = min((piece + 1u) * ${longestPiece}u, ${count}u);
  var other = update + 1u;
  while (other < end && indices[at + (other - update) * ${across}u] != destination) { other++; }
  next[at] = select(${none}, other, other < end);`,
          },
        ),
        pass(
          suffix,
          size,
          `@group(0) @binding(0) var<storage, read> updates: array<f32>;
@group(0) @binding(1) var<storage, read> first: array<u32>;
@group(0) @binding(2) var<storage, read> next: array<u32>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;`,
          {
            inputs: [values, first, next],
            outputs: [{ kind: "output", index: 0 }],
            statements: `let outer = at / ${extent * inner}u;
  let destination = at / ${inner}u % ${extent}u;
  let place = at % ${inner}u;
  let lane = ${each ? `outer * ${inner}u + place` : "0u"};
  var sum = 0.0f;
  for (var piece = 0u; piece < ${pieces}u; piece++) {
    var update = first[(piece * ${lanes}u + lane) * ${extent}u + destination];
    while (update != ${none}) {
      let source = (outer * ${count}u + update) * ${inner}u + place;
      sum += updates[source];
      update = next[${each ? "source" : "update"}];
    }
  }
  y0[at] = sum;`,
          },
        ),
      ],
      temporaries: [4 * heads, 4 * lanes * count],
    },
  ];
}

function pass(
  name: string,
  count: number,
  bindings: string,
  { statements, ...buffers }: Pick<Pass, "inputs" | "outputs"> & { readonly statements: string },
): Pass {
  const groups = spread(Math.ceil(count / workgroup));
  const source = (): string => `${bindings}

@compute @workgroup_size(${workgroup})
fn ${name}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = (group.y * ${groups[0]}u + group.x) * ${workgroup}u + local;
  if (at >= ${count}u) { return; }
  ${statements}
}`;
  return { name, groups, source, ...buffers };
}
