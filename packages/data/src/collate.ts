/** Makes one batch of many examples: fields are stacked along a new first axis. */
import {
  ArgumentError,
  allocateArray,
  DTypeError,
  formatShape,
  fromHost,
  type HostArray,
  ShapeError,
  sameShape,
  sizeOf,
  type Tensor,
} from "@sconce/core";

/** What `stackExamples` can stack: arrays, numbers (as float32), booleans, and records of these. */
export type Stackable = HostArray | number | boolean | { readonly [field: string]: Stackable };

/** The batch of stacked examples: a tensor [N, ...] in place of every array, number and boolean. */
export type Stacked<Example> = Example extends HostArray | number | boolean
  ? Tensor
  : { readonly [Field in keyof Example]: Stacked<Example[Field]> };

/**
 * Stacks examples of equal form: `{ image: HostArray [1, 8, 8], weight: 0.5 }` times N gives
 * `{ image: Tensor [N, 1, 8, 8], weight: Tensor [N] }`. Numbers become float32; give class labels as int32 arrays
 * (`integer(3)`), which losses expect.
 */
export function stackExamples<Example>(examples: readonly Example[]): Stacked<Example> {
  if (examples.length === 0) throw new ArgumentError("stackExamples: there are no examples to stack.");
  return stack(examples, "") as Stacked<Example>;
}

/** A whole number as an int32 array without axes: how an example holds a class label. */
export function integer(value: number): HostArray {
  return { data: Int32Array.of(value), shape: [], dtype: "int32" };
}

function stack(values: readonly unknown[], path: string): unknown {
  const [first] = values;
  if (typeof first === "object" && first !== null && !isHostArray(first) && !ArrayBuffer.isView(first)) {
    return Object.fromEntries(
      Object.keys(first).map((field) => [
        field,
        stack(
          values.map((value) => (value as Record<string, unknown> | undefined)?.[field]),
          path ? `${path}.${field}` : field,
        ),
      ]),
    );
  }
  return stackArrays(
    values.map((value, i) => toHostArray(value, i, path)),
    path,
  );
}

function stackArrays(arrays: readonly HostArray[], path: string): Tensor {
  const [{ shape, dtype }] = arrays;
  const size = sizeOf(shape);
  const data = allocateArray(dtype, arrays.length * size);
  arrays.forEach((array, i) => {
    if (!sameShape(array.shape, shape)) {
      throw new ShapeError(
        `DataLoader: ${place(path)} has shape ${formatShape(shape)} in the first example of the batch and ` +
          `${formatShape(array.shape)} in example ${i}; make them equal (resize, crop or pad), or give a \`collate\` of your own.`,
      );
    }
    if (array.dtype !== dtype) {
      throw new DTypeError(
        `DataLoader: ${place(path)} is ${dtype} in the first example of the batch and ${array.dtype} in example ${i}; use one dtype.`,
      );
    }
    data.set(array.data, i * size);
  });
  return fromHost({ data, shape: [arrays.length, ...shape], dtype });
}

function toHostArray(value: unknown, position: number, path: string): HostArray {
  if (typeof value === "number") return { data: Float32Array.of(value), shape: [], dtype: "float32" };
  if (typeof value === "boolean") return { data: Uint8Array.of(value ? 1 : 0), shape: [], dtype: "bool" };
  if (isHostArray(value)) return value;
  throw new ArgumentError(
    `DataLoader: ${place(path)} of example ${position} of the batch is ${describe(value)}; examples hold arrays ` +
      "{ data, shape, dtype }, numbers, booleans or records of these. Leave it out, or give a `collate` of your own.",
  );
}

function isHostArray(value: unknown): value is HostArray {
  return typeof value === "object" && value !== null && "data" in value && "shape" in value && "dtype" in value;
}

function place(path: string): string {
  return path ? `"${path}"` : "the value";
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return "missing";
  if (typeof value === "string") return `the string ${JSON.stringify(value)}`;
  return ArrayBuffer.isView(value) ? `a ${value.constructor.name} without a shape` : `a ${typeof value}`;
}
