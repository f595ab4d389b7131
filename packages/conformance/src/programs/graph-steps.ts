/** The ops that random graphs are made of. Each gives a tensor of small whole numbers, or undefined where it does not fit. */
import * as core from "@sconce/core";

type Tensor = core.Tensor;
type Step = (a: Tensor, b: Tensor, parameter: number, dtypes: readonly core.DType[]) => Tensor | undefined;

/** Whole numbers from 0 to 10. */
export function tame(x: Tensor): Tensor {
  return core.remainder(x, 11);
}

/** `b`, or the sum of its elements where its shape does not go with that of `a`. */
function beside(a: Tensor, b: Tensor): Tensor {
  try {
    core.broadcastShapes("beside", a.shape, b.shape);
    return b;
  } catch {
    return tame(core.sum(b));
  }
}

function axisOf(x: Tensor, parameter: number): number {
  return parameter % x.rank;
}

/** A step for tensors that have an axis. */
function onAxis(step: (x: Tensor, axis: number, parameter: number) => Tensor | undefined): Step {
  return (a, _, parameter) => (a.rank === 0 ? undefined : step(a, axisOf(a, parameter), Math.floor(parameter / 4)));
}

/** A step for tensors with at least one element, for what an empty one has none of. */
function onElements(step: (x: Tensor, axis: number, parameter: number) => Tensor | undefined): Step {
  return onAxis((x, axis, parameter) => (x.size === 0 ? undefined : step(x, axis, parameter)));
}

export const graphSteps: readonly Step[] = [
  (a, b) => core.add(a, beside(a, b)),
  (a, b) => tame(core.multiply(a, beside(a, b))),
  (a, b) => core.maximum(core.cast(a, "float32"), core.subtract(core.cast(beside(a, b), "float32"), 3)),
  (a) => core.abs(core.subtract(core.cast(a, "float32"), 4)),
  (a) => core.relu(core.negate(core.cast(a, "float32"))),
  (a, b) => core.where(core.greater(a, 2), a, beside(a, b)),
  (a, b) => core.less(core.cast(a, "float32"), core.cast(beside(a, b), "float32")),
  // Much work per element, and yet exact: worth storing rather than computing again.
  (a) => core.round(core.tanh(core.multiply(core.cast(a, "float32"), 10))),
  (a) =>
    core
      .round(
        core
          .erf(core.exp(core.sin(core.cast(a, "float32"))))
          .mul(5)
          .mul(0),
      )
      .add(a),
  (a, _, parameter, dtypes) => core.cast(tame(a), dtypes[parameter % dtypes.length]),
  onAxis((x, axis, parameter) => tame(core.sum(x, { axes: axis, keepAxes: parameter % 2 === 0 }))),
  onElements((x, axis, parameter) => core.max(x, { axes: axis, keepAxes: parameter % 2 === 0 })),
  (a) => tame(core.sum(a)),
  onAxis((x, axis) => core.cumulativeSum(x, axis).cast("float32").remainder(11)),
  onElements((x, axis) => core.argmax(core.cast(x, "float32"), { axis })),
  onElements((x, axis, parameter) => core.sort(x, { axis, descending: parameter % 2 === 0 })),
  onAxis((x, axis) => core.transpose(core.unsqueeze(x, 0), 0, axis + 1)),
  (a) => core.flatten(a),
  (a) => core.reshape(a, [...a.shape].reverse()),
  (a, _, parameter) => core.unsqueeze(a, parameter % (a.rank + 1)),
  onAxis((x, axis) => core.flip(x, axis)),
  onAxis((x, axis, parameter) =>
    core.slice(x, [...new Array<null>(axis).fill(null), { start: parameter % 2, step: 1 + (parameter % 2) }]),
  ),
  onAxis((x, axis, parameter) => core.narrow(x, axis, 0, parameter % (x.shape[axis] + 1))),
  onAxis((x, axis) =>
    core.pad(
      x,
      x.shape.map((_, a): readonly [number, number] => (a === axis ? [1, 2] : [0, 0])),
    ),
  ),
  onAxis((x, axis) => core.concatenate([x, core.flip(x, axis)], axis)),
  onElements((x, axis) => core.indexSelect(x, core.remainder(core.iota([3]), x.shape[axis]), axis)),
  (a, b) =>
    a.size === 0
      ? undefined
      : core.indexSelect(core.flatten(a), core.cast(core.remainder(core.cast(b, "int32"), a.size), "int32")),
  (a) =>
    a.rank === 2
      ? tame(core.matmul(core.cast(tame(a), "float32"), core.cast(tame(a), "float32"), { transposeB: true }))
      : undefined,
  (a) => core.broadcastTo(a, [2, ...a.shape]),
  onAxis((x, axis) => core.roll(x, 1, axis)),
  (a, b) =>
    core
      .add(core.stopGradient(core.cast(a, "float32")), core.full(a.shape, 2))
      .add(core.sum(core.zerosLike(b)).cast("float32")),
];
