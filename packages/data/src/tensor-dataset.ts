/** A dataset in memory: arrays whose first axis counts the examples. */
import type { DType, HostArray, Shape, TypedArray } from "@sconce/core";
import { ArgumentError, dtypeOfArray, formatShape, ShapeError, sizeOf } from "@sconce/core";
import { checkIndex, type Dataset } from "./dataset.ts";

/** A typed array of one number per example, or one with a shape [examples, ...] and perhaps a dtype (default: the array's own). */
export type ArrayField = TypedArray | { readonly data: TypedArray; readonly shape?: Shape; readonly dtype?: DType };

/**
 * Named arrays with one example per row:
 * `new TensorDataset({ images: { data: pixels, shape: [1797, 1, 8, 8] }, labels: Int32Array.of(...) })`.
 * An example has the same names, each with a view of its row.
 */
export class TensorDataset<Name extends string> implements Dataset<Readonly<Record<Name, HostArray>>> {
  readonly length: number;
  /** The whole arrays. */
  readonly fields: Readonly<Record<Name, HostArray>>;

  /** Throws ShapeError if an array does not fill its shape, or if the arrays differ in how many examples they have. */
  constructor(fields: Readonly<Record<Name, ArrayField>>) {
    const given = Object.entries(fields) as [Name, ArrayField][];
    const arrays = given.map(([name, field]): [Name, HostArray] => [name, toHostArray(name, field)]);
    if (arrays.length === 0) throw new ArgumentError("TensorDataset: no array was given; it needs at least one.");
    const [[firstName, first]] = arrays;
    for (const [name, { shape }] of arrays) {
      if (shape[0] === first.shape[0]) continue;
      throw new ShapeError(
        `TensorDataset: "${firstName}" has ${first.shape[0]} examples and "${name}" has ${shape[0]} ` +
          `(shapes ${formatShape(first.shape)} and ${formatShape(shape)}); the first axes must agree.`,
      );
    }
    this.length = first.shape[0];
    this.fields = Object.fromEntries(arrays) as Record<Name, HostArray>;
  }

  get(index: number): Readonly<Record<Name, HostArray>> {
    checkIndex("TensorDataset.get", index, this.length);
    const rows = (Object.entries(this.fields) as [Name, HostArray][]).map(([name, field]) => [name, row(field, index)]);
    return Object.fromEntries(rows) as Record<Name, HostArray>;
  }
}

function toHostArray(name: string, field: ArrayField): HostArray {
  const given: Exclude<ArrayField, TypedArray> = ArrayBuffer.isView(field) ? { data: field } : field;
  const { data, shape = [data.length] } = given;
  if (shape.length === 0 || sizeOf(shape) !== data.length) {
    throw new ShapeError(
      `TensorDataset: "${name}" has ${data.length} elements, which do not fill shape ${formatShape(shape)}; ` +
        "give [examples, ...] with as many elements as the array has.",
    );
  }
  return { data, shape, dtype: given.dtype ?? dtypeOfArray(`TensorDataset: "${name}"`, data) };
}

/** A view of one row. */
function row({ data, shape, dtype }: HostArray, index: number): HostArray {
  const size = sizeOf(shape.slice(1));
  return { data: data.subarray(index * size, (index + 1) * size), shape: shape.slice(1), dtype };
}
