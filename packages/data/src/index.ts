/** Datasets, samplers and batches. Embedded example data has an entry of its own: "@sconce/data/digits". */
export type { Stackable, Stacked } from "./collate.ts";
export { integer, stackExamples } from "./collate.ts";
export type { DataLoaderOptions } from "./data-loader.ts";
export { DataLoader } from "./data-loader.ts";
export type { Dataset } from "./dataset.ts";
export { ArrayDataset, Subset } from "./dataset.ts";
export { permutation } from "./permutation.ts";
export type { Sampler } from "./sampler.ts";
export { SequentialSampler, ShuffledSampler } from "./sampler.ts";
export type { SplitOptions } from "./split-dataset.ts";
export { splitDataset } from "./split-dataset.ts";
export type { ArrayField } from "./tensor-dataset.ts";
export { TensorDataset } from "./tensor-dataset.ts";
