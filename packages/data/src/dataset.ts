/** Datasets: examples by index. Any object with a length and a `get` is one. */
import { ArgumentError } from "@sconce/core";

/** Examples 0 to length - 1; `get` may take its time (a file to read, an image to decode). */
export interface Dataset<Example> {
  readonly length: number;
  get(index: number): Example | Promise<Example>;
}

/** The examples of an array. */
export class ArrayDataset<Example> implements Dataset<Example> {
  readonly examples: readonly Example[];

  constructor(examples: readonly Example[]) {
    this.examples = examples;
  }

  get length(): number {
    return this.examples.length;
  }

  get(index: number): Example {
    checkIndex("ArrayDataset.get", index, this.length);
    return this.examples[index];
  }
}

/** Some examples of another dataset: example i is example `indices[i]` of `source`. */
export class Subset<Example> implements Dataset<Example> {
  readonly source: Dataset<Example>;
  readonly indices: Uint32Array;

  constructor(source: Dataset<Example>, indices: ArrayLike<number>) {
    for (let i = 0; i < indices.length; i++) checkIndex("Subset", indices[i], source.length);
    this.source = source;
    this.indices = Uint32Array.from(indices);
  }

  get length(): number {
    return this.indices.length;
  }

  get(index: number): Example | Promise<Example> {
    checkIndex("Subset.get", index, this.length);
    return this.source.get(this.indices[index]);
  }
}

/** Throws unless `index` names one of `length` examples. */
export function checkIndex(caller: string, index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  const range = length === 0 ? "it has no examples" : `use a whole number from 0 to ${length - 1}`;
  throw new ArgumentError(`${caller}: there is no example ${index}; ${range}.`);
}
