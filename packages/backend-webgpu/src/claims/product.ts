/** What the tiled product of matmul, convolution and its gradients is asked for: C[row, column] = sum of A[row, k] B[k, column]. */

export interface Product {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  /** Products side by side, numbered by `batch`. */
  readonly batch: number;
  readonly a: Operand;
  readonly b: Operand;
  /** Statements that return the position of C[row, column] in the result. */
  readonly position: string;
  /** Neighbours along columns are neighbours in the result within runs of this length. */
  readonly run: number;
  /** How the result is seen by an epilogue: matrices of so many rows and columns. */
  readonly view: readonly [rows: number, columns: number];
}

/** A matrix by its elements, so that patches of an image need never be stored. */
export interface Operand {
  /** The array it reads: x0 or x1. */
  readonly input: number;
  /** Whether neighbours along k are neighbours in memory, rather than those along rows or columns. */
  readonly alongInner: boolean;
  /** Statements that return an element as f32, given `batch`, `k`, and `row` or `column`. */
  readonly read: string;
  /** Where elements come in aligned fours: the number of the vector that begins with an element. */
  readonly vector?: string;
}

/** An operand whose elements are in memory at `position`, with neighbours in runs of `run`. */
export function stored(input: number, alongInner: boolean, position: string, run: number): Operand {
  const read = `return x${input}[${position}];`;
  return { input, alongInner, read, ...(run % 4 === 0 && { vector: `(${position}) / 4u` }) };
}
