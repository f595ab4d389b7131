/** Resizing against the formula of positions in plain float64, and what must hold of any resizing. */
import "@sconce/backend-cpu/register";
import { ArgumentError, type InterpolateOptions, interpolate, zeros } from "@sconce/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at, check, expectRefusal, expectValues, onEachWay, type Plain, plain, toTensor } from "./support.ts";

/** The blend of the two elements beside `position`, which is clamped to the axis. */
function blend(position: number, extent: number, value: (index: number) => number): number {
  const inside = Math.min(Math.max(position, 0), extent - 1);
  const before = Math.floor(inside);
  const share = inside - before;
  return share === 0 ? value(before) : (1 - share) * value(before) + share * value(before + 1);
}

function bilinear(
  x: Plain,
  [height, width]: readonly number[],
  position: (i: number, from: number, to: number) => number,
): Plain {
  const [, , rows, columns] = x.shape;
  return plain([...x.shape.slice(0, 2), height, width], ([n, c, h, w]) =>
    blend(position(h, rows, height), rows, (row) =>
      blend(position(w, columns, width), columns, (column) => at(x, [n, c, row, column])),
    ),
  );
}

const extent = fc.integer({ min: 1, max: 9 });
const extents = fc.tuple(extent, extent, extent, extent);
const image = (rows: number, columns: number): Plain =>
  plain([1, 2, rows, columns], ([, c, h, w]) => Math.sin(31 * c + 7 * h + w * w));

describe("interpolate", () => {
  it("takes the nearest element below i in / out, in whole numbers", async () => {
    await check(extents, async ([rows, columns, height, width]) => {
      const x = image(rows, columns);
      const expected = plain([1, 2, height, width], ([n, c, h, w]) =>
        at(x, [n, c, Math.floor((h * rows) / height), Math.floor((w * columns) / width)]),
      );
      await expectValues(interpolate(toTensor(x), { size: [height, width] }), expected);
    });
  });

  it("blends the two nearest elements of each axis", async () => {
    await check(extents, async ([rows, columns, height, width]) => {
      const x = image(rows, columns);
      const size = [height, width];
      const centers = bilinear(x, size, (i, from, to) => ((i + 0.5) * from) / to - 0.5);
      await expectValues(interpolate(toTensor(x), { size, mode: "bilinear" }), centers);
      const corners = bilinear(x, size, (i, from, to) => (to === 1 ? 0 : (i * (from - 1)) / (to - 1)));
      await expectValues(interpolate(toTensor(x), { size, mode: "bilinear", alignCorners: true }), corners);
    });
  });

  it("keeps a ramp a ramp where corners are aligned", async () => {
    const ramp = (rows: number): Plain => plain([1, 1, rows, 2], ([, , h, w]) => (10 * h) / (rows - 1) + w);
    const options: InterpolateOptions = { size: [11, 2], mode: "bilinear", alignCorners: true };
    await onEachWay(() => expectValues(interpolate(toTensor(ramp(5)), options), ramp(11)));
  });

  it("copies volumes, and integers as they are", async () => {
    const x = plain([1, 1, 1, 2, 1], ([, , , h]) => h + 1);
    const y = interpolate(toTensor(x, "int32"), { scaleFactor: 2 });
    expect(y.dtype).toBe("int32");
    await expectValues(
      y,
      plain([1, 1, 2, 4, 2], ([, , , h]) => Math.floor(h / 2) + 1),
    );
  });

  it("shows what was given and the fix", () => {
    const x = zeros([1, 1, 2, 3]);
    expectRefusal(() => interpolate(x, {}), ["size is undefined", "give one of them"], ArgumentError);
    expectRefusal(() => interpolate(x, { size: 2, scaleFactor: 2 }), ["size is 2, scaleFactor 2"], ArgumentError);
    expectRefusal(() => interpolate(x, { size: [2, 2, 2] }), ["one number or 2 for input [1, 1, 2, 3]"], ArgumentError);
    expectRefusal(() => interpolate(x, { size: 0 }), ["size 0 makes 0 of 2 elements"], ArgumentError);
    expectRefusal(() => interpolate(x, { size: 2, alignCorners: true }), ['use mode: "bilinear"'], ArgumentError);
    expectRefusal(() => interpolate(zeros([2, 3]), { size: 2 }), ["input [2, 3]", "at least one spatial axis"]);
  });
});
