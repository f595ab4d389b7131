/** Gradient checks of what moves, repeats and joins elements. */
import * as core from "@sconce/core";
import { at, check, type GradientCheck } from "../gradients/gradient-check.ts";

export const movementChecks: readonly GradientCheck[] = [
  check("broadcastTo", (r) => [
    at((x) => core.broadcastTo(x, [2, 4, 3]), r.floats([4, 1])),
    at((x) => core.broadcastTo(x, [3]), r.floats([])),
  ]),
  check("concatenate", (r) => [
    at((...parts) => core.concatenate(parts, 1), r.floats([2, 1]), r.floats([2, 3]), r.floats([2, 2])),
    at((x, y) => core.concatenate([x, core.multiply(x, y), x], 0), r.floats([2]), r.floats([2])),
  ]),
  check("stack", (r) => [at((x, y) => core.stack([x, y, x], 1), r.floats([2, 2]), r.floats([2, 2]))]),
  check("split", (r) => [
    at((x) => core.split(x, [1, 0, 2], 1).reduce((a, b) => core.add(core.sum(a), core.square(b))), r.floats([2, 3])),
    at((x) => core.multiply(...(core.split(x, 2) as [core.Tensor, core.Tensor])), r.floats([4])),
  ]),
  check("pad", (r) => [
    at(
      (x) =>
        core.pad(
          x,
          [
            [1, 2],
            [0, 1],
          ],
          { value: 3 },
        ),
      r.floats([2, 3]),
    ),
    at(
      (x) =>
        core.pad(x, [
          [-1, 1],
          [2, -2],
        ]),
      r.floats([3, 3]),
    ),
    at((x) => core.pad(x, [[2, 1]], { mode: "reflect" }), r.floats([4])),
    at(
      (x) =>
        core.pad(
          x,
          [
            [0, 1],
            [2, 2],
          ],
          { mode: "edge" },
        ),
      r.floats([2, 2]),
    ),
  ]),
  check("roll", (r) => [at((x) => core.roll(x, -2, 1), r.floats([2, 5]))]),
  check("tile", (r) => [at((x) => core.tile(x, [2, 1, 3]), r.floats([2, 2]))]),
  check("moveAxis", (r) => [at((x) => core.moveAxis(x, 0, -1), r.floats([2, 3, 2]))]),
  check("permute", (r) => [at((x) => core.permute(x, [2, 0, 1]), r.floats([2, 3, 2]))]),
  check("transpose", (r) => [at((x) => core.transpose(x), r.floats([2, 3]))]),
  check("flatten", (r) => [at((x) => core.flatten(x, 1), r.floats([2, 3, 2]))]),
  check("reshape", (r) => [at((x) => core.reshape(core.transpose(x), [4, -1]), r.floats([2, 6]))]),
  check("squeeze", (r) => [at((x) => core.squeeze(x), r.floats([1, 3, 1]))]),
  check("unsqueeze", (r) => [at((x) => core.unsqueeze(x, 1), r.floats([2, 3]))]),
  check("slice", (r) => [
    at((x) => core.slice(x, [{ start: 3, step: -2 }, 1, null]), r.floats([4, 2, 2])),
    at((x) => core.slice(x, [{ start: 1, end: 7, step: 3 }]), r.floats([8])),
    at((x) => core.slice(x, [{ start: 2, end: 2 }]).sum(), r.floats([3])),
  ]),
  check("interpolate", (r) => [
    at((x) => core.interpolate(x, { scaleFactor: [2, 1.5] }), r.floats([1, 2, 2, 3])),
    at((x) => core.interpolate(x, { size: [4, 2], mode: "bilinear" }), r.floats([1, 2, 3, 5])),
    at((x) => core.interpolate(core.square(x), { size: 5, mode: "bilinear", alignCorners: true }), r.floats([2, 1, 3])),
  ]),
  check("flip", (r) => [at((x) => core.flip(x, 1), r.floats([2, 3]))]),
  check("narrow", (r) => [at((x) => core.narrow(x, -1, 1, 2), r.floats([2, 4]))]),
  check("windows", (r) => [
    at((x) => core.windows(x, { kernelSize: [2, 2], stride: [2, 1], dilation: [1, 2] }), r.floats([5, 4])),
    at((x) => core.windows(x, { kernelSize: 3 }), r.floats([2, 5])),
  ]),
  check("fold", (r) => [
    at((x) => core.fold(x, [5, 4], { kernelSize: [2, 2], stride: [2, 1], dilation: [1, 2] }), r.floats([2, 2, 2, 2])),
  ]),
];
