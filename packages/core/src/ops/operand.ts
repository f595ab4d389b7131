/** Operands of ops: tensors, or JavaScript numbers that take the other operand's dtype. */
import { type DType, promote, weakDType } from "../dtype.ts";
import { ArgumentError } from "../errors.ts";
import { broadcastShapes } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { full } from "./creation/full.ts";
import { cast } from "./elementwise/cast.ts";
import { broadcastTo } from "./movement/broadcast-to.ts";

/** A tensor or a weak number. */
export type Operand = Tensor | number;

function isTensor(op: string, value: Operand): value is Tensor {
  if (value instanceof Tensor) return true;
  if (typeof value === "number") return false;
  throw new ArgumentError(
    `${op}: an operand is ${Object.prototype.toString.call(value)}; give a tensor or a number, for example tensor([1, 2, 3]).`,
  );
}

/** Brings operands to one dtype and one shape. */
export function align(op: string, a: Operand, b: Operand): [Tensor, Tensor] {
  const dtype = commonDType(op, a, b);
  const [x, y] = [toTensor(a, dtype), toTensor(b, dtype)];
  const shape = broadcastShapes(op, x.shape, y.shape);
  return [broadcastTo(x, shape), broadcastTo(y, shape)];
}

/** The dtype in which two operands meet. */
export function commonDType(op: string, a: Operand, b: Operand): DType {
  const [first, second] = [isTensor(op, a), isTensor(op, b)];
  if (first && second) return promote(op, (a as Tensor).dtype, (b as Tensor).dtype);
  if (first) return weakDType(op, (a as Tensor).dtype, b as number);
  if (second) return weakDType(op, (b as Tensor).dtype, a as number);
  return "float32";
}

/** The operand as a tensor of `dtype`. */
export function toTensor(value: Operand, dtype: DType): Tensor {
  return value instanceof Tensor ? cast(value, dtype) : full([], value, dtype);
}
