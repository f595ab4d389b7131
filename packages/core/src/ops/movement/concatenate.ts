/** Joining and splitting tensors. */
import type { Signature } from "../../backend/backend.ts";
import { promote } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { formatShape, normalizeAxis, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast } from "../elementwise/cast.ts";
import { unsqueeze } from "./reshape.ts";
import { narrow } from "./slice.ts";

interface JoinAttributes {
  readonly axis: number;
}

function inferJoin(inputs: readonly Signature[], { axis }: JoinAttributes): Signature {
  const [first] = inputs;
  const total = inputs.reduce((sum, { shape }) => sum + shape[axis], 0);
  return { shape: first.shape.map((extent, a) => (a === axis ? total : extent)), dtype: first.dtype };
}

function splitGradient(outputGradient: Tensor, node: Tensor, { axis }: JoinAttributes): readonly Tensor[] {
  let start = 0;
  return node.inputs.map((input) => {
    const part = narrow(outputGradient, axis, start, input.shape[axis]);
    start += input.shape[axis];
    return part;
  });
}

/** Two tensors end to end: the piece that `concatenate` is made of where no backend copies whole rows. */
const joinOp: OpDefinition<JoinAttributes> = /* @__PURE__ */ defineOp({
  name: "join",
  infer: inferJoin,
  lower: (element, { axis }) => {
    const { build, index } = element;
    const boundary = element.inputs[0].shape[axis];
    const inFirst = build.inRange(index[axis], boundary);
    const second = index.map((position, a) => (a === axis ? build.addIndex(position, -boundary) : position));
    const inSecond = element.apply("not", inFirst);
    return element.apply("where", inFirst, element.load(0, index, inFirst), element.load(1, second, inSecond));
  },
  gradient: splitGradient,
});

/** Any number of tensors end to end along one axis. */
export const concatenateOp: OpDefinition<JoinAttributes> = /* @__PURE__ */ defineOp({
  name: "concatenate",
  infer: inferJoin,
  decompose: (inputs, attributes) => {
    let parts = [...inputs];
    while (parts.length > 1) {
      parts = parts.flatMap((part, i) =>
        i % 2 === 1 ? [] : i + 1 < parts.length ? [apply(joinOp, [part, parts[i + 1]], attributes)] : [part],
      );
    }
    return parts[0];
  },
  gradient: splitGradient,
});

/** Tensors end to end along `axis`; their other extents are equal. */
export function concatenate(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) throw new ArgumentError("concatenate: no tensors were given; give at least one.");
  const at = normalizeAxis("concatenate", axis, tensors[0].rank);
  const dtype = tensors.map((t) => t.dtype).reduce((a, b) => promote("concatenate", a, b));
  for (const t of tensors) {
    if (t.rank !== tensors[0].rank || t.shape.some((extent, a) => a !== at && extent !== tensors[0].shape[a])) {
      throw new ShapeError(
        `concatenate: ${tensors.map(({ shape }) => formatShape(shape)).join(" and ")} differ outside axis ${at}; all other extents must be equal.`,
      );
    }
  }
  if (tensors.length === 1) return cast(tensors[0], dtype);
  return apply(
    concatenateOp,
    tensors.map((t) => cast(t, dtype)),
    { axis: at },
  );
}

/** Tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) throw new ArgumentError("stack: no tensors were given; give at least one.");
  if (!tensors.every(({ shape }) => sameShape(shape, tensors[0].shape))) {
    throw new ShapeError(
      `stack: ${tensors.map(({ shape }) => formatShape(shape)).join(" and ")} differ; all tensors need one shape. Use concatenate to join along an axis.`,
    );
  }
  const at = normalizeAxis("stack", axis, tensors[0].rank + 1);
  return concatenate(
    tensors.map((t) => unsqueeze(t, at)),
    at,
  );
}

/** Parts of `x` along `axis`: as many equal ones as `parts` says, or of the given lengths. */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  const at = normalizeAxis("split", axis, x.rank);
  const extent = x.shape[at];
  const lengths = typeof parts === "number" ? Array.from({ length: parts }, () => extent / parts) : parts;
  if (
    lengths.reduce((a, b) => a + b, 0) !== extent ||
    !lengths.every((length) => Number.isInteger(length) && length >= 0)
  ) {
    throw new ShapeError(
      `split: axis ${at} of ${formatShape(x.shape)} does not divide into ${typeof parts === "number" ? `${parts} equal parts` : `parts of [${parts.join(", ")}]`}; the lengths must be whole and add up to ${extent}.`,
    );
  }
  let start = 0;
  return lengths.map((length) => {
    const part = narrow(x, at, start, length);
    start += length;
    return part;
  });
}
