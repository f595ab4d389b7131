/**
 * The pass of a tiled product. A workgroup computes a tile of C: for some steps along k at a time it brings a tile of A and
 * one of B into workgroup memory, and each invocation adds outer products of a few rows and columns in registers. Rows and
 * columns go in fours: both tiles are [k][four], and so are loads and stores wherever memory allows. Beyond the edges A
 * and B are 0; where the extents are multiples of the tile's, nothing asks for edges.
 */
import type { LoopNest } from "@sconce/core";
import { type Pass, type PassBuffer, spread } from "../kernels/pass.ts";
import { finishingFunction } from "./epilogue.ts";
import type { Operand, Product } from "./product.ts";
import { type ProductVariant, tilesOf } from "./product-variants.ts";

export interface ProductOptions {
  readonly variant: ProductVariant;
  /** Pieces into which the sum is cut; each stores its own result, all of piece 0 first. */
  readonly pieces: number;
  /** Elements of the result. */
  readonly size: number;
  /** What is done to whole sums before they are stored. */
  readonly finishing?: LoopNest;
  /** Whether tiles are float16; sums are float32. */
  readonly float16: boolean;
}

export function productPass(
  product: Product,
  options: ProductOptions,
  inputs: readonly PassBuffer[],
  output: PassBuffer,
): Pass {
  const { name } = product;
  const groups = spread(tilesOf(product, options.variant) * options.pieces);
  return { name, inputs, outputs: [output], groups, source: () => source(product, options, inputs.length, groups[0]) };
}

/** A tile of an operand in workgroup memory, and how it gets there. */
interface Tile {
  /** Also the name of the function that reads an element, or four. */
  readonly name: "a" | "b";
  readonly operand: Operand;
  /** What numbers the elements along the other axis than k, how many there are, and where those of the tile begin. */
  readonly along: "row" | "column";
  readonly extent: number;
  /** Fours along that axis. */
  readonly quads: number;
}

function source(product: Product, options: ProductOptions, bindings: number, columnsOfGroups: number): string {
  const { name, rows, columns, inner, batch, position, run } = product;
  const { variant, pieces, size, finishing, float16 } = options;
  const { high, wide } = variant;
  const [rowQuads, columnQuads] = [variant.rows / 4, variant.columns / 4];
  const depth = Math.min(variant.depth, Math.ceil(inner / 4) * 4);
  const perPiece = Math.ceil(inner / pieces / depth) * depth;
  const [tilesDown, tilesAcross] = [
    Math.ceil(rows / (4 * rowQuads * high)),
    Math.ceil(columns / (4 * columnQuads * wide)),
  ];
  const tiles: readonly Tile[] = [
    { name: "a", operand: product.a, along: "row", extent: rows, quads: rowQuads * high },
    { name: "b", operand: product.b, along: "column", extent: columns, quads: columnQuads * wide },
  ];
  const four = float16 ? "vec4h" : "vec4f";
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const sums = numbers(4 * rowQuads).flatMap((row) => numbers(columnQuads).map((quad) => [row, quad] as const));
  const fetch = (tile: string, quad: number, quads: number, side: number, at: string): string => {
    const element = `${tile}_tile[k * ${quads}u + ${at}${quad > 0 ? ` + ${quad * side}u` : ""}]`;
    return `let ${tile}${quad} = ${float16 ? `vec4f(${element})` : element};`;
  };
  const place = pieces > 1 ? `piece * ${size}u + at` : "at";
  const beyond = [
    ...(rows % (4 * rowQuads * high) === 0 ? [] : [`row >= ${rows}u`]),
    ...(columns % (4 * columnQuads * wide) === 0 ? [] : [`column >= ${columns}u`]),
  ];
  return `${float16 ? "enable f16;\n" : ""}
${tiles.map(({ operand: { input, vector } }) => `@group(0) @binding(${input}) var<storage, read> x${input}: array<${vector ? "vec4f" : "f32"}>;`).join("\n")}
@group(0) @binding(${bindings}) var<storage, read_write> y0: array<${run % 4 === 0 ? "vec4f" : "f32"}>;
${finishing ? `\n${finishingFunction(finishing)}\n` : ""}
${tiles.map((tile) => reading(tile, depth, inner)).join("\n\n")}

fn position(batch: u32, row: u32, column: u32) -> u32 {
  ${position}
}

${tiles.map(({ name: tile, quads }) => `var<workgroup> ${tile}_tile: array<${four}, ${depth * quads}>;`).join("\n")}

@compute @workgroup_size(${high * wide})
fn ${name}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let number = group.y * ${columnsOfGroups}u + group.x;
  let first_column = number % ${tilesAcross}u * ${4 * columnQuads * wide}u;
  let first_row = number / ${tilesAcross}u % ${tilesDown}u * ${4 * rowQuads * high}u;
  let batch = number / ${tilesAcross * tilesDown}u % ${batch}u;
  let piece = number / ${tilesAcross * tilesDown * batch}u;
  let end = min((piece + 1u) * ${perPiece}u, ${inner}u);
  let across = local % ${wide}u;
  let down = local / ${wide}u;
  ${sums.map(([row, quad]) => `var sum${row}_${quad} = vec4f();`).join("\n  ")}
  for (var start = piece * ${perPiece}u; start < end; start += ${depth}u) {${bringing(tiles, depth, high * wide, four)}
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
      ${numbers(rowQuads)
        .map((quad) => fetch("a", quad, tiles[0].quads, high, "down"))
        .join("\n      ")}
      ${numbers(columnQuads)
        .map((quad) => fetch("b", quad, tiles[1].quads, wide, "across"))
        .join("\n      ")}
      ${sums.map(([row, quad]) => `sum${row}_${quad} += a${row >> 2}.${"xyzw"[row & 3]} * b${quad};`).join("\n      ")}
    }
    workgroupBarrier();
  }
  var sums = array<vec4f, ${sums.length}>(${sums.map(([row, quad]) => `sum${row}_${quad}`).join(", ")});
  // A loop, because what finishes a sum may be long.
  for (var i = 0u; i < ${sums.length}u; i++) {
    let below = i / ${columnQuads}u;
    let row = first_row + 4u * (down + below / 4u * ${high}u) + below % 4u;
    let column = first_column + 4u * (across + i % ${columnQuads}u * ${wide}u);
    ${beyond.length > 0 ? `if (${beyond.join(" || ")}) { continue; }\n    ` : ""}var four = sums[i];
    ${
      run % 4 === 0
        ? `let at = position(batch, row, column);
    ${finishing ? "for (var j = 0u; j < 4u; j++) { four[j] = finished(four[j], at + j); }\n    " : ""}y0[(${place}) / 4u] = four;`
        : `for (var j = 0u; j < min(4u, ${columns}u - column); j++) {
      let at = position(batch, row, column + j);
      y0[${place}] = ${finishing ? "finished(four[j], at)" : "four[j]"};
    }`
    }
  }
}`.trim();
}

/** The function that reads an element of an operand, or four neighbours. */
function reading({ name, operand, along, extent, quads }: Tile, depth: number, inner: number): string {
  const type = operand.vector ? "vec4f" : "f32";
  const beyond = [
    ...(extent % (4 * quads) === 0 ? [] : [`${along} >= ${extent}u`]),
    ...(inner % depth === 0 ? [] : ["k >= end"]),
  ];
  return `fn ${name}(batch: u32, ${along}: u32, k: u32, end: u32) -> ${type} {
  ${beyond.length > 0 ? `if (${beyond.join(" || ")}) { return ${type}(); }\n  ` : ""}${
    operand.vector ? `return x${operand.input}[${operand.vector}];` : operand.read
  }
}`;
}

/** The statements that bring both tiles; different invocations bring them where there are enough. */
function bringing(tiles: readonly Tile[], depth: number, invocations: number, four: string): string {
  const counts = tiles.map(({ operand: { vector, alongInner }, quads }) =>
    vector && alongInner ? (depth / 4) * quads : depth * quads,
  );
  const together = counts[0] + counts[1] <= invocations;
  return tiles
    .map((tile, i) => {
      const first = together && i === 1 ? `local - ${counts[0]}u` : "local";
      // Numbers below zero wrap to large ones.
      const open =
        counts[i] > invocations
          ? `for (var e = ${first}; e < ${counts[i]}u; e += ${invocations}u) {`
          : `if (${first} < ${counts[i]}u) {\n      let e = ${first};`;
      return `\n    ${open}${bringOne(tile, depth, four)}\n    }`;
    })
    .join("");
}

function bringOne({ name, operand, along, quads }: Tile, depth: number, four: string): string {
  const read = (k: string, at: string): string => `${name}(batch, first_${along} + ${at}, start + ${k}, end)`;
  // A loop rather than four calls: what reads a patch is long, and compilers write functions out wherever they are called.
  const besides = (name: string): string =>
    `for (var i = 0u; i < 4u; i++) { ${name}[i] = ${read("k", "4u * quad + i")}; }`;
  if (operand.vector && operand.alongInner) {
    const across = depth / 4;
    return `
      let k = e % ${across}u * 4u;
      let quad = e / ${across}u;
      var rows = mat4x4f();
      ${besides("rows")}
      let block = transpose(rows);
      ${[0, 1, 2, 3].map((i) => `${name}_tile[(k + ${i}u) * ${quads}u + quad] = ${four}(block[${i}]);`).join("\n      ")}`;
  }
  return `
      let k = ${operand.alongInner ? `e % ${depth}u` : `e / ${quads}u`};
      let quad = ${operand.alongInner ? `e / ${depth}u` : `e % ${quads}u`};
      ${operand.vector ? `let four = ${read("k", "4u * quad")};` : `var four = vec4f();\n      ${besides("four")}`}
      ${name}_tile[k * ${quads}u + quad] = ${four}(four);`;
}
