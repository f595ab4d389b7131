/**
 * The tiled product that matmul, convolution and its gradients share: C[row, column] = sum over k of A[row, k] B[k, column].
 *
 * A workgroup computes a tile of C. For every 16 steps along k it brings a tile of A and one of B into workgroup memory,
 * and each invocation adds 16 outer products of four rows and four columns in registers. What A and B are is a WGSL
 * expression each, so that patches of an image are never stored. Beyond the edges they are 0.
 */
import { type Pass, type PassBuffer, spread } from "../kernels/pass.ts";

/** Steps along k per tile, at most. */
const deepest = 8;

export interface Product {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  /** Products side by side, numbered by `batch`. */
  readonly batch: number;
  /** Pieces into which the sum is cut; each stores its own result, all of piece 0 first. */
  readonly pieces: number;
  /** Statements of `a(batch, row, k)` and `b(batch, k, column)`, which read x0 and x1 and return an f32. */
  readonly a: string;
  readonly b: string;
  /** Whether neighbours along k are neighbours in memory, rather than those along rows or columns. */
  readonly aAlongInner: boolean;
  readonly bAlongInner: boolean;
  /** Statements that return the position of C[row, column] in one piece of the result. */
  readonly position: string;
  /** Elements of the result. */
  readonly size: number;
}

export function productPass(product: Product, inputs: readonly PassBuffer[], output: PassBuffer): Pass {
  const { rows, columns, batch, pieces, name } = product;
  // A quarter of the height and width of a tile: invocations along either side.
  const [high, wide] = [sideOf(rows), sideOf(columns)];
  const tilesAcross = Math.ceil(columns / (4 * wide));
  const tilesDown = Math.ceil(rows / (4 * high));
  const groups = spread(tilesAcross * tilesDown * batch * pieces);
  const layout = { high, wide, tilesAcross, tilesDown, columnsOfGroups: groups[0] };
  return { name, inputs, outputs: [output], groups, source: () => source(product, layout) };
}

function sideOf(extent: number): number {
  if (extent > 32) return 16;
  return extent > 16 ? 8 : 4;
}

interface Layout {
  readonly high: number;
  readonly wide: number;
  readonly tilesAcross: number;
  readonly tilesDown: number;
  readonly columnsOfGroups: number;
}

function source(product: Product, layout: Layout): string {
  const { name, rows, columns, inner, batch, pieces, size } = product;
  const { high, wide, tilesAcross, tilesDown, columnsOfGroups } = layout;
  const invocations = high * wide;
  const depth = Math.min(deepest, Math.ceil(inner / 4) * 4);
  const perPiece = Math.ceil(inner / pieces / depth) * depth;
  /** Brings a tile into workgroup memory, four neighbours along its side at a time. */
  const bring = (tile: string, side: number, alongInner: boolean, read: string): string => `
    for (var e = local; e < ${depth * side}u; e += ${invocations}u) {
      let k = ${alongInner ? `e % ${depth}u` : `e / ${side}u`};
      let quad = ${alongInner ? `e / ${depth}u` : `e % ${side}u`};
      var four = vec4f();
      for (var i = 0u; i < 4u; i++) { four[i] = ${read}; }
      ${tile}[k * ${side}u + quad] = four;
    }`;
  return `
@group(0) @binding(0) var<storage, read> x0: array<f32>;
@group(0) @binding(1) var<storage, read> x1: array<f32>;
@group(0) @binding(2) var<storage, read_write> y0: array<f32>;

fn a(batch: u32, row: u32, k: u32, end: u32) -> f32 {
  if (row >= ${rows}u || k >= end) { return 0.0f; }
  ${product.a}
}

fn b(batch: u32, k: u32, column: u32, end: u32) -> f32 {
  if (column >= ${columns}u || k >= end) { return 0.0f; }
  ${product.b}
}

fn position(batch: u32, row: u32, column: u32) -> u32 {
  ${product.position}
}

var<workgroup> a_tile: array<vec4f, ${depth * high}>;
var<workgroup> b_tile: array<vec4f, ${depth * wide}>;

@compute @workgroup_size(${invocations})
fn ${name}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let number = group.y * ${columnsOfGroups}u + group.x;
  let first_column = number % ${tilesAcross}u * ${4 * wide}u;
  let first_row = number / ${tilesAcross}u % ${tilesDown}u * ${4 * high}u;
  let batch = number / ${tilesAcross * tilesDown}u % ${batch}u;
  let piece = number / ${tilesAcross * tilesDown * batch}u;
  let end = min((piece + 1u) * ${perPiece}u, ${inner}u);
  let across = local % ${wide}u;
  let down = local / ${wide}u;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var start = piece * ${perPiece}u; start < end; start += ${depth}u) {${bring("a_tile", high, product.aAlongInner, "a(batch, first_row + 4u * quad + i, start + k, end)")}${bring("b_tile", wide, product.bAlongInner, "b(batch, start + k, first_column + 4u * quad + i, end)")}
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
      let a_column = a_tile[k * ${high}u + down];
      let b_row = b_tile[k * ${wide}u + across];
      sum0 += a_column.x * b_row;
      sum1 += a_column.y * b_row;
      sum2 += a_column.z * b_row;
      sum3 += a_column.w * b_row;
    }
    workgroupBarrier();
  }
  var sums = array<vec4f, 4>(sum0, sum1, sum2, sum3);
  for (var i = 0u; i < 16u; i++) {
    let row = first_row + 4u * down + i / 4u;
    let column = first_column + 4u * across + i % 4u;
    if (row < ${rows}u && column < ${columns}u) {
      y0[piece * ${size}u + position(batch, row, column)] = sums[i / 4u][i % 4u];
    }
  }
}`;
}
