/** Tensors from JavaScript values and typed arrays. */
import { type DType, dtypeOfArray, type TypedArray } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { encodeNumbers, type HostArray } from "../../host-array.ts";
import { checkShape, formatShape, type Shape, sizeOf } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { sourceOp } from "../source.ts";

/** Numbers or booleans, nested to any depth. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];

export interface TensorOptions {
  /** Defaults to float32; bool for booleans; for typed arrays, the array's own type. */
  readonly dtype?: DType;
  /** Shape of flat data; nested arrays bring their own. */
  readonly shape?: Shape;
}

/** A tensor with a copy of `data`: `tensor([[1, 2], [3, 4]])`, or `tensor(new Float32Array(6), { shape: [2, 3] })`. */
export function tensor(data: NestedNumbers | TypedArray, options: TensorOptions = {}): Tensor {
  if (ArrayBuffer.isView(data))
    return fromNumbers(data, options.dtype ?? dtypeOfArray("tensor", data), options.shape ?? [data.length]);
  const found: number[] = [];
  const shape: number[] = [];
  let booleans = true;
  const walk = (value: NestedNumbers, depth: number): void => {
    if (!Array.isArray(value)) {
      if (typeof value !== "number" && typeof value !== "boolean") {
        throw new ArgumentError(`tensor: found ${String(value)} (${typeof value}); elements are numbers or booleans.`);
      }
      if (depth !== shape.length) throw ragged();
      booleans &&= typeof value === "boolean";
      found.push(Number(value));
      return;
    }
    if (found.length === 0 && depth === shape.length) shape.push(value.length);
    else if (shape[depth] !== value.length) throw ragged();
    for (const entry of value) walk(entry, depth + 1);
  };
  walk(data as NestedNumbers, 0);
  return fromNumbers(
    found,
    options.dtype ?? (booleans && found.length > 0 ? "bool" : "float32"),
    options.shape ?? shape,
  );
}

/** A tensor without axes. */
export function scalar(
  value: number | boolean,
  dtype: DType = typeof value === "boolean" ? "bool" : "float32",
): Tensor {
  return fromNumbers([Number(value)], dtype, []);
}

/** A tensor that holds `array` itself; the caller must not change it afterwards. */
export function fromHost(array: HostArray): Tensor {
  return new Tensor(sourceOp, [], undefined, array, { kind: "host", array });
}

function fromNumbers(values: ArrayLike<number>, dtype: DType, shape: Shape): Tensor {
  const checked = checkShape("tensor", shape);
  if (sizeOf(checked) !== values.length) {
    throw new ShapeError(
      `tensor: ${values.length} elements do not fill shape ${formatShape(shape)}, which has ${sizeOf(checked)}; give as many elements as the shape holds.`,
    );
  }
  // A Uint16Array given as float16 holds bit patterns already.
  const data = dtype === "float16" && values instanceof Uint16Array ? values.slice() : encodeNumbers(values, dtype);
  return fromHost({ shape: checked, dtype, data });
}

function ragged(): ShapeError {
  return new ShapeError("tensor: nested arrays differ in length or depth; every row must have the same length.");
}
