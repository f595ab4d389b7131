/**
 * The claims of max pooling and the two ops of its gradients, over any number of axes, one invocation per element of the
 * result. The gradient looks at every window that has the element, finds the window's first maximum, and adds what belongs
 * to it: nothing is stored in between, and no order of additions depends on chance.
 */
import { type OpRequest, type Shape, sizeOf, type WindowAttributes } from "@sconce/core";
import { spread } from "../kernels/pass.ts";
import { declarations } from "../shaders/library.ts";
import { infinity, isNan } from "../shaders/special-values.ts";
import { type Claim, isFloat32 } from "./request.ts";

type PoolAttributes = WindowAttributes & { readonly padding: readonly (readonly [number, number])[] };

export const claimMaxPool: Claim = claimWith(
  ({ output }) => output.shape,
  () => "y0[at] = first_maximum(at).value;",
);

export const claimMaxPoolSelect: Claim = claimWith(
  ({ output }) => output.shape,
  () => `let found = first_maximum(at);
  y0[at] = 0.0f;
  if (found.place >= 0) { y0[at] = x1[found.place]; }`,
);

export const claimMaxPoolGradient: Claim = claimWith(({ inputs }) => inputs[1].shape, gradient);

const workgroup = 64;

/** `pooledOf` tells the shape that has an element for each window. */
function claimWith(pooledOf: (request: OpRequest) => Shape, statements: (request: OpRequest) => string): Claim {
  return (request) => {
    const { op, inputs, output } = request;
    const count = sizeOf(output.shape);
    if (!isFloat32(request) || count === 0 || sizeOf(inputs[0].shape) === 0) return [];
    const name = `${op.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_${output.shape.join("x")}`;
    const groups = spread(Math.ceil(count / workgroup));
    const last = inputs.length;
    const source = (): string => `
${declarations([infinity, isNan])}

${inputs.map((_, i) => `@group(0) @binding(${i}) var<storage, read> x${i}: array<f32>;`).join("\n")}
@group(0) @binding(${last}) var<storage, read_write> y0: array<f32>;

${firstMaximum(inputs[0].shape, pooledOf(request), request.attributes as PoolAttributes)}

@compute @workgroup_size(${workgroup})
fn ${name}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = i32((group.y * ${groups[0]}u + group.x) * ${workgroup}u + local);
  if (at >= ${count}) { return; }
  ${statements(request)}
}`;
    const buffers = inputs.map((_, index) => ({ kind: "input", index }) as const);
    const pass = { name, inputs: buffers, outputs: [{ kind: "output", index: 0 } as const], groups, source };
    return [{ name, passes: [pass], temporaries: [] }];
  };
}

/** Position along each spatial axis of a flat index, and the number of the plane. */
function positions(name: string, flat: string, spatial: Shape): string[] {
  return [
    `let ${name}_plane = ${flat} / ${sizeOf(spatial)};`,
    ...spatial.map((extent, axis) => `let ${name}${axis} = ${flat} / ${sizeOf(spatial.slice(axis + 1))} % ${extent};`),
  ];
}

function flatIndex(names: readonly string[], spatial: Shape): string {
  return names.reduce((sum, name, axis) => (axis === 0 ? name : `(${sum}) * ${spatial[axis]} + ${name}`));
}

/** A function that finds the first maximum of the window of an output element; a NaN counts as the maximum. */
function firstMaximum(x: Shape, pooled: Shape, { kernel, stride, padding, dilation }: PoolAttributes): string {
  const spatial = x.slice(2);
  const loops = kernel.map((extent, i) => `for (var w${i} = 0; w${i} < ${extent}; w${i}++) {`);
  return `struct Found { value: f32, place: i32 }

fn first_maximum(at: i32) -> Found {
  ${positions("o", "at", pooled.slice(2)).join("\n  ")}
  var found = Found(-infinity(), -1);
  ${loops.join(" ")}
    ${kernel.map((_, i) => `let s${i} = o${i} * ${stride[i]} + w${i} * ${dilation[i]} - ${padding[i][0]};`).join("\n    ")}
    if (!(${spatial.map((extent, i) => `s${i} >= 0 && s${i} < ${extent}`).join(" && ")})) { continue; }
    let place = o_plane * ${sizeOf(spatial)} + ${flatIndex(
      spatial.map((_, i) => `s${i}`),
      spatial,
    )};
    let value = x0[place];
    if (found.place < 0 || (!is_nan(found.value) && (is_nan(value) || value > found.value))) { found = Found(value, place); }
  ${loops.map(() => "}").join(" ")}
  return found;
}`;
}

function gradient({ inputs: [{ shape: x }, { shape: pooled }], attributes }: OpRequest): string {
  const { kernel, stride, padding, dilation } = attributes as PoolAttributes;
  const counts = pooled.slice(2);
  const loops = kernel.map((extent, i) => `for (var w${i} = 0; w${i} < ${extent}; w${i}++) {`);
  const inside = counts.map(
    (extent, i) => `d${i} >= 0 && d${i} % ${stride[i]} == 0 && d${i} / ${stride[i]} < ${extent}`,
  );
  const index = flatIndex(
    counts.map((_, i) => `d${i} / ${stride[i]}`),
    counts,
  );
  return `${positions("s", "at", x.slice(2)).join("\n  ")}
  var sum = 0.0f;
  ${loops.join(" ")}
    ${kernel.map((_, i) => `let d${i} = s${i} + ${padding[i][0]} - w${i} * ${dilation[i]};`).join("\n    ")}
    if (!(${inside.join(" && ")})) { continue; }
    let window = s_plane * ${sizeOf(counts)} + ${index};
    if (first_maximum(window).place == at) { sum += x1[window]; }
  ${loops.map(() => "}").join(" ")}
  y0[at] = sum;`;
}
