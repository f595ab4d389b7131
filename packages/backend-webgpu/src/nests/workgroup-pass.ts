/**
 * A pass in which a workgroup shares the reductions of a few outputs: every invocation accumulates its part of the turns,
 * and the parts are combined in workgroup memory, in a tree. Where the device has subgroups, each combines its parts in
 * registers first, in a fixed order; invocations are taken to be in subgroups by their index.
 *
 * A workgroup is `outputs` wide and `parts` deep. It is one output wide where neighbouring turns are neighbours in memory,
 * and 16 where neighbouring outputs are. With several pieces, each workgroup takes one piece of the turns, and what is
 * stored are the totals of the pieces, [pieces, ...shape], for another nest to combine.
 */
import { type DType, type LoopNest, neutralElement, sizeOf } from "@sconce/core";
import { type Pass, type PassBuffer, type Sharing, spread } from "../kernels/pass.ts";
import { declarations, type ShaderFunction } from "../shaders/library.ts";
import { arrays } from "./arrays.ts";
import { listCode, loopsUsed, unravel } from "./nest-code.ts";
import { combined } from "./operators.ts";
import { cast, constant, type Use, valueType } from "./values.ts";

/** Branches of the tree at a node: more of them mean fewer barriers. */
const radix = 16;

export interface WorkgroupPlan {
  readonly outputs: number;
  readonly parts: number;
  readonly pieces: number;
  /** With pieces: the dtypes in which totals are stored. */
  readonly totals?: readonly DType[];
  /** Whether the device has subgroup operations. */
  readonly subgroups: boolean;
}

export function workgroupPass(
  nest: LoopNest,
  name: string,
  inputs: readonly PassBuffer[],
  outputs: readonly PassBuffer[],
  plan: WorkgroupPlan,
): Pass {
  const groups = spread(Math.ceil(sizeOf(nest.shape) / plan.outputs) * plan.pieces);
  return { name, inputs, outputs, groups, source: (sharing) => source(nest, name, sharing, plan, groups[0]) };
}

function source(nest: LoopNest, name: string, sharing: Sharing, plan: WorkgroupPlan, columns: number): string {
  const { shape, reduce, body, epilogue, stores } = nest;
  if (!reduce) throw new Error("webgpu: a workgroup shares reductions only.");
  const { outputs, parts, pieces, totals } = plan;
  const used = new Set<ShaderFunction>();
  const use: Use = (needed) => {
    used.add(needed);
    return needed.name;
  };
  const [count, turns] = [sizeOf(shape), sizeOf(reduce.extent)];
  const invocations = outputs * parts;
  const perPiece = Math.ceil(turns / pieces);
  const { accumulators } = reduce;
  const roots = accumulators.map(({ value }) => value);
  const code = listCode(nest, body, { use, prefix: "v", roots });
  const bodyLoops = loopsUsed(nest, body, roots);
  const subgroups = plan.subgroups && outputs === 1 && accumulators.every(({ dtype }) => dtype !== "bool");
  const join = (i: number, a: string, b: string): string =>
    combined(accumulators[i].combine, accumulators[i].dtype, a, b, use);

  const results = totals ? [] : stores.map(({ value }) => value);
  const last = listCode(nest, epilogue, { use, prefix: "e", roots: results });
  const outerLoops = new Set([...bodyLoops, ...loopsUsed(nest, epilogue, results)]);
  const finish = totals
    ? totals.map(
        (dtype, i) => `y${i}[piece * ${count}u + at] = ${cast(`total${i}`, accumulators[i].dtype, dtype, use)};`,
      )
    : [...last.statements, ...stores.map(({ value }, j) => `y${j}[at] = ${last.value(value)};`)];

  const shared = accumulators.map(
    ({ dtype }, i) => `var<workgroup> parts${i}: array<${valueType(dtype)}, ${invocations}>;`,
  );
  const main = `
@compute @workgroup_size(${invocations})
fn ${name}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32${subgroups ? ", @builtin(subgroup_size) subgroup: u32" : ""}) {
  let number = group.y * ${columns}u + group.x;
  let piece = number % ${pieces}u;
  let at = number / ${pieces}u * ${outputs}u + local % ${outputs}u;
  let part = local / ${outputs}u;
  ${unravel("at", shape, 0, outerLoops).join("\n  ")}
  ${accumulators.map(({ combine, dtype }, i) => `var total${i} = ${constant(neutralElement(combine, dtype), dtype, use)};`).join("\n  ")}
  if (at < ${count}u) {
    for (var turn = piece * ${perPiece}u + part; turn < min(piece * ${perPiece}u + ${perPiece}u, ${turns}u); turn += ${parts}u) {
      ${[
        ...unravel("turn", reduce.extent, shape.length, bodyLoops),
        ...code.statements,
        ...roots.map((root, i) => `total${i} = ${join(i, `total${i}`, code.value(root))};`),
      ].join("\n      ")}
    }
  }
  ${
    subgroups
      ? `for (var distance = 1u; distance < min(subgroup, ${parts}u); distance *= 2u) {
    ${accumulators.map((_, i) => `total${i} = ${join(i, `total${i}`, `subgroupShuffleXor(total${i}, distance)`)};`).join("\n    ")}
  }
  if (local % subgroup == 0u) {
    ${accumulators.map((_, i) => `parts${i}[local / subgroup] = total${i};`).join("\n    ")}
  }
  workgroupBarrier();
  ${accumulators.map((_, i) => `total${i} = parts${i}[local];`).join("\n  ")}`
      : `${accumulators.map((_, i) => `parts${i}[local] = total${i};`).join("\n  ")}
  workgroupBarrier();`
  }
  for (var left = ${subgroups ? `(${parts}u + subgroup - 1u) / subgroup` : `${parts}u`}; left > 1u; left = (left + ${radix - 1}u) / ${radix}u) {
    let width = (left + ${radix - 1}u) / ${radix}u;
    if (part < width) {
      for (var other = part + width; other < left; other += width) {
        ${accumulators.map((_, i) => `total${i} = ${join(i, `total${i}`, `parts${i}[local + (other - part) * ${outputs}u]`)};`).join("\n        ")}
      }
      ${accumulators.map((_, i) => `parts${i}[local] = total${i};`).join("\n      ")}
    }
    workgroupBarrier();
  }
  if (part == 0u && at < ${count}u) {
    ${finish.join("\n    ")}
  }
}`;
  const declared = arrays({
    inputs: nest.inputs,
    outputs: totals ?? stores.map(({ dtype }) => dtype),
    sharing,
    vectorInputs: new Set(),
    vectorOutputs: false,
    use,
  });
  return [subgroups ? "enable subgroups;" : "", declarations(used), declared, shared.join("\n"), main.trim()]
    .filter((text) => text !== "")
    .join("\n\n");
}
