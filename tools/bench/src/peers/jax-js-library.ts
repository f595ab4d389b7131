/** What is used of @jax-js/jax, which is installed only when it is measured. */

/** An array whose every use but the last is of `ref`. */
export interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: readonly number[];
  add(other: JaxArray | number): JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
  div(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  transpose(): JaxArray;
}

type Convolution = (x: JaxArray, weight: JaxArray) => JaxArray;

/** Arrays in lists of lists. */
type Tree = JaxArray | readonly Tree[];

/** A function that holds memory of its own. */
type Owned<Fn> = Fn & { dispose?: () => void };

export interface Jax {
  readonly numpy: {
    array(values: Float32Array): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    max(x: JaxArray): JaxArray;
    mean(x: JaxArray, axes?: readonly number[], options?: { readonly keepdims: boolean }): JaxArray;
    pad(x: JaxArray, widths: readonly (readonly number[])[]): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    square(x: JaxArray): JaxArray;
    sum(x: JaxArray): JaxArray;
    zeros(shape: readonly number[]): JaxArray;
  };
  readonly lax: {
    convGeneralDilated(
      x: JaxArray,
      weight: JaxArray,
      strides: readonly number[],
      padding: readonly (readonly number[])[],
      options: { readonly featureGroupCount: number },
    ): JaxArray;
    reduceWindow(
      x: JaxArray,
      reduce: (window: JaxArray) => JaxArray,
      extents: readonly number[],
      strides: readonly number[],
    ): JaxArray;
    stopGradient(x: JaxArray): JaxArray;
  };
  readonly nn: {
    logSoftmax(x: JaxArray): JaxArray;
    relu(x: JaxArray): JaxArray;
  };
  blockUntilReady(arrays: readonly JaxArray[]): Promise<unknown>;
  defaultDevice(name: string): void;
  init(device: string): Promise<readonly string[]>;
  jit<Arguments extends readonly Tree[], Result extends Tree>(
    fn: (...args: Arguments) => Result,
  ): (...args: Arguments) => Result;
  valueAndGrad<Arguments extends readonly Tree[], Result>(
    fn: (...args: Arguments) => Result,
    options: { readonly hasAux: true },
  ): (...args: Arguments) => [Result, Arguments[0]];
  vjp(fn: Convolution, args: readonly JaxArray[]): [JaxArray, Owned<(cotangent: JaxArray) => JaxArray[]>];
}
